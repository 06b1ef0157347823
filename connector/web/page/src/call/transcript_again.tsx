import { useState } from "preact/hooks";
import type { Recording } from "../api/client";
import { Button } from "../parts/button";
import { Trouble } from "../parts/trouble";
import { may } from "../session/session";
import { words } from "../words/call";
import type { AskedTranscript } from "./transcript_asked";

/** For administrators, where there is sound that can be heard. */
export function HearAgain({ recording, asked }: { recording: Recording; asked: AskedTranscript }) {
    const [isBusy, setBusy] = useState(false);
    const [error, setError] = useState<unknown>(null);
    const isThere = recording.state === "available" && recording.files.length > 0;
    if (!may("admin") || !isThere || asked.isAwaited || !asked.found) return null;

    async function ask(): Promise<void> {
        setBusy(true);
        setError(null);
        try {
            await asked.hearAgain();
        } catch (trouble) {
            setError(trouble);
        } finally {
            setBusy(false);
        }
    }

    return (
        <>
            <Button isBusy={isBusy} onClick={ask}>
                {asked.found.versions.length > 0 ? words.hearAgain : words.hear}
            </Button>
            {error !== null && <Trouble error={error} />}
        </>
    );
}
