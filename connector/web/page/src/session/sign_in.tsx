import { useState } from "preact/hooks";
import { Problem } from "../api/client";
import { Button } from "../parts/button";
import { words } from "../words/frame";
import { signIn } from "./session";

export function SignIn() {
    const [key, setKey] = useState("");
    const [trouble, setTrouble] = useState("");
    const [isBusy, setBusy] = useState(false);

    async function enter(event: Event): Promise<void> {
        event.preventDefault();
        setBusy(true);
        setTrouble("");
        try {
            await signIn(key.trim());
        } catch (error) {
            setTrouble(error instanceof Problem && error.status === 401 ? words.wrongKey : String(error));
        } finally {
            setBusy(false);
        }
    }

    return (
        <main class="sign-in">
            <form onSubmit={enter}>
                <h1>{words.product}</h1>
                <label for="key">{words.key}</label>
                <input
                    id="key"
                    type="password"
                    autocomplete="current-password"
                    value={key}
                    onInput={(event) => setKey(event.currentTarget.value)}
                    aria-describedby="key-help"
                    required
                />
                <p id="key-help" class="help">
                    {words.keyHelp}
                </p>
                {trouble && <p role="alert">{trouble}</p>}
                <Button kind="primary" type="submit" isBusy={isBusy}>
                    {words.signIn}
                </Button>
            </form>
        </main>
    );
}
