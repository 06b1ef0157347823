import { useState } from "preact/hooks";
import { Button } from "../parts/button";
import { words } from "../words/settings";

/** Puts a text where it can be pasted from. */
export function Copy({ text, what }: { text: string; what: string }) {
    const [outcome, setOutcome] = useState("");
    async function copy(): Promise<void> {
        try {
            await navigator.clipboard.writeText(text);
            setOutcome(words.copied);
        } catch {
            // Over plain HTTP the browser has no clipboard for us.
            setOutcome(words.notCopied);
        }
    }
    return (
        <span class="copy">
            <Button onClick={() => void copy()} aria-label={words.copyOf(what)}>
                {words.copy}
            </Button>
            <span role="status">{outcome}</span>
        </span>
    );
}
