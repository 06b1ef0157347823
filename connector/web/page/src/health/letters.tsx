import { useState } from "preact/hooks";
import { api, type Bodies, told } from "../api/client";
import { Button } from "../parts/button";
import { Dialog } from "../parts/dialog";
import { Trouble } from "../parts/trouble";
import { words } from "../words/health";
import { Ago } from "./ago";
import { useLetters } from "./letters_asked";

const { letters: said } = words;

type Letter = Bodies["NotificationItem"];

/** The notifications that nobody took, each with a way to send it again. */
export function Letters({ onClose }: { onClose: () => void }) {
    const { letters, hasMore, isUnderWay, error, more } = useLetters();
    return (
        <Dialog title={said.title} onClose={onClose}>
            <div class="letters" aria-busy={isUnderWay}>
                <p class="help">{said.help}</p>
                {error !== undefined && <Trouble error={error} again={more} />}
                {letters.length === 0 && !isUnderWay && error === undefined && <p>{said.none}</p>}
                <ul class="things">
                    {letters.map((one) => (
                        <OneLetter key={one.id} letter={one} />
                    ))}
                </ul>
                <p class="actions">
                    {hasMore && (
                        <Button onClick={more} isBusy={isUnderWay}>
                            {said.more}
                        </Button>
                    )}
                    <Button onClick={onClose}>{said.close}</Button>
                </p>
            </div>
        </Dialog>
    );
}

function OneLetter({ letter }: { letter: Letter }) {
    const [state, setState] = useState<"dead" | "busy" | "sent">("dead");
    const [error, setError] = useState<unknown>(undefined);

    async function replay(): Promise<void> {
        setState("busy");
        setError(undefined);
        try {
            await told(api.POST("/v1/notifications/{id}/replay", { params: { path: { id: letter.id } } }));
            setState("sent");
        } catch (trouble) {
            setError(trouble);
            setState("dead");
        }
    }

    return (
        <li>
            <div class="head">
                <strong>{letter.type}</strong>
                <span class="kind">
                    {said.to} <bdi>{letter.endpoint}</bdi>
                </span>
                {state === "sent" ? (
                    <span class="sign good" role="status">
                        {said.replayed}
                    </span>
                ) : (
                    <Button
                        isBusy={state === "busy"}
                        onClick={() => void replay()}
                        aria-label={said.replayOf(letter.id)}
                    >
                        {said.replay}
                    </Button>
                )}
            </div>
            <p class="facts">
                <Ago at={letter.created_at} />, {said.tried(letter.attempts)}, <code>{letter.id}</code>
            </p>
            {letter.reason && (
                <p class="wrong">
                    <bdi>{letter.reason}</bdi>
                </p>
            )}
            {error !== undefined && <Trouble error={error} />}
        </li>
    );
}
