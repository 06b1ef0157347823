import { useEffect, useRef, useState } from "preact/hooks";
import { Problem } from "../api/client";
import { clockOf } from "../format";
import icon from "../icon.svg";
import { Button } from "../parts/button";
import { words } from "../words/frame";
import { hasEnded, NoCookieKept, signIn } from "./session";

/** Whoever comes in goes on at the address where he stands. */
export function SignIn() {
    const field = useRef<HTMLInputElement>(null);
    const [key, setKey] = useState("");
    const [trouble, setTrouble] = useState("");
    const [isBusy, setBusy] = useState(false);
    const [wait, setWait] = useWait();

    useEffect(() => field.current?.focus(), []);

    async function enter(event: Event): Promise<void> {
        event.preventDefault();
        setBusy(true);
        setTrouble("");
        try {
            await signIn(key.trim());
        } catch (error) {
            setTrouble(said(error));
            setWait(error instanceof Problem ? (error.retryAfterSeconds ?? 0) : 0);
            setBusy(false);
            field.current?.select();
        }
    }

    return (
        <main class="sign-in">
            <form onSubmit={enter}>
                <h1>
                    <img src={icon} alt="" />
                    {words.product}
                </h1>
                {hasEnded() && <p class="notice">{words.sessionOver}</p>}
                <label for="key">{words.key}</label>
                <input
                    ref={field}
                    id="key"
                    type="password"
                    autocomplete="current-password"
                    autocapitalize="off"
                    spellcheck={false}
                    value={key}
                    onInput={(event) => setKey(event.currentTarget.value)}
                    aria-describedby="key-help"
                    aria-invalid={trouble !== ""}
                    required
                />
                <p id="key-help" class="help">
                    {words.keyHelp} <code>{words.keyCommand}</code>
                    {words.firstKeyHelp} <code>{words.firstKeyCommand}</code>
                </p>
                <p role="alert" class="wrong">
                    {trouble}
                </p>
                <Button kind="primary" type="submit" isBusy={isBusy} disabled={wait > 0}>
                    {wait > 0 ? words.signInAfter(clockOf(wait)) : words.signIn}
                </Button>
            </form>
        </main>
    );
}

function said(error: unknown): string {
    if (error instanceof NoCookieKept) return words.noCookieKept;
    if (!(error instanceof Problem) || error.status === 0) return words.noAnswer;
    return error.status === 401 ? words.wrongKey : error.detail;
}

/** Seconds that go by. */
function useWait(): [number, (seconds: number) => void] {
    const [left, setLeft] = useState(0);
    useEffect(() => {
        if (left <= 0) return;
        const timer = setTimeout(() => setLeft(left - 1), 1000);
        return () => clearTimeout(timer);
    }, [left]);
    return [left, setLeft];
}
