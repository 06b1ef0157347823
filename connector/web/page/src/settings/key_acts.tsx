import { useState } from "preact/hooks";
import { api, told } from "../api/client";
import { Button } from "../parts/button";
import { Dialog } from "../parts/dialog";
import { Trouble } from "../parts/trouble";
import { words as frame } from "../words/frame";
import { words } from "../words/settings";
import type { Key, MadeKey } from "./keys";

interface Act {
    isBusy: boolean;
    error: unknown;
    run: (doing: () => Promise<void>) => Promise<void>;
}

/** Something that is asked of the server once, and what came of it. */
export function useAct(): Act {
    const [isBusy, setBusy] = useState(false);
    const [error, setError] = useState<unknown>(null);
    async function run(doing: () => Promise<void>): Promise<void> {
        setBusy(true);
        setError(null);
        try {
            await doing();
        } catch (trouble) {
            setError(trouble);
            setBusy(false);
        }
    }
    return { isBusy, error, run };
}

export function Renewing(props: { of: Key; onMade: (made: MadeKey) => void; onClose: () => void }) {
    const { of, onMade, onClose } = props;
    const { isBusy, error, run } = useAct();
    const [grace, setGrace] = useState("86400");
    const body = { grace_seconds: Number(grace) };
    const params = { path: { key_id: of.id } };
    return (
        <Dialog title={words.keys.rotateOf(of.name)} onClose={onClose}>
            <p>{words.keys.rotateText}</p>
            <label class="field">
                {words.keys.grace}
                <select value={grace} onChange={(event) => setGrace(event.currentTarget.value)}>
                    {Object.entries(words.keys.graces).map(([seconds, said]) => (
                        <option key={seconds} value={seconds}>
                            {said}
                        </option>
                    ))}
                </select>
            </label>
            {error !== null && <Trouble error={error} />}
            <div class="acts">
                <Button
                    kind="primary"
                    isBusy={isBusy}
                    onClick={() =>
                        void run(async () => onMade(await told(api.POST("/v1/keys/{key_id}/rotate", { params, body }))))
                    }
                >
                    {words.keys.rotate}
                </Button>
                <Button onClick={onClose}>{frame.cancel}</Button>
            </div>
        </Dialog>
    );
}

export function Revoking(props: { of: Key; isOwn: boolean; onDone: () => void; onClose: () => void }) {
    const { of, isOwn, onDone, onClose } = props;
    const { isBusy, error, run } = useAct();
    const params = { path: { key_id: of.id } };
    return (
        <Dialog title={words.keys.revokeOf(of.name)} onClose={onClose}>
            <p>
                <bdi>{words.keys.revokeText(of.name)}</bdi>
            </p>
            {isOwn && <p class="wrong">{words.keys.revokeOwn}</p>}
            {error !== null && <Trouble error={error} />}
            <div class="acts">
                <Button onClick={onClose}>{frame.cancel}</Button>
                <Button
                    kind="danger"
                    isBusy={isBusy}
                    onClick={() =>
                        void run(async () => {
                            await told(api.DELETE("/v1/keys/{key_id}", { params }));
                            onDone();
                        })
                    }
                >
                    {words.keys.revoke}
                </Button>
            </div>
        </Dialog>
    );
}
