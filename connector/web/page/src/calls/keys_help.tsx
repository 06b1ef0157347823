import { Button } from "../parts/button";
import { Dialog } from "../parts/dialog";
import { playerKeys } from "../words/call";
import { words } from "../words/calls";
import { words as frame } from "../words/frame";

export function KeysHelp({ onClose }: { onClose: () => void }) {
    return (
        <Dialog title={words.keysHelp} onClose={onClose}>
            <KeyList keys={words.keyList} />
            <h3>{words.keysOfCall}</h3>
            <KeyList keys={playerKeys} />
            <form method="dialog" class="choices">
                <Button type="submit">{frame.close}</Button>
            </form>
        </Dialog>
    );
}

function KeyList({ keys: list }: { keys: readonly { readonly keys: string; readonly does: string }[] }) {
    return (
        <dl class="keys">
            {list.map(({ keys, does }) => (
                <div key={keys}>
                    <dt>
                        <kbd>{keys}</kbd>
                    </dt>
                    <dd>{does}</dd>
                </div>
            ))}
        </dl>
    );
}
