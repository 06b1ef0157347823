import { useEffect, useRef, useState } from "preact/hooks";
import { Button } from "../parts/button";
import { Dialog } from "../parts/dialog";
import { may } from "../session/session";
import { liveKeys, orderKeys, words } from "../words/live";

/** A key of the whole view: not while somebody writes, or answers a dialog. */
export function useKey(key: string, act: () => void): void {
    const latest = useRef(act);
    latest.current = act;
    useEffect(() => {
        const react = (event: KeyboardEvent): void => {
            const isElsewhere =
                event.target instanceof Element && event.target.closest("input, select, textarea, dialog");
            if (event.key !== key || isElsewhere || event.altKey || event.ctrlKey || event.metaKey) return;
            event.preventDefault();
            latest.current();
        };
        document.addEventListener("keydown", react);
        return () => document.removeEventListener("keydown", react);
    }, [key]);
}

/** Says which keys there are. */
export function Keys() {
    const [isOpen, setOpen] = useState(false);
    useKey("?", () => setOpen(true));
    const keys = may("control") ? [...liveKeys, ...orderKeys] : liveKeys;
    return (
        <>
            <Button kind="icon" aria-label={words.keys} title={words.keys} onClick={() => setOpen(true)}>
                ?
            </Button>
            {isOpen && (
                <Dialog title={words.keys} onClose={() => setOpen(false)}>
                    <dl class="live-keys">
                        {keys.map((one) => (
                            <div key={one.keys}>
                                <dt>
                                    <kbd>{one.keys}</kbd>
                                </dt>
                                <dd>{one.does}</dd>
                            </div>
                        ))}
                    </dl>
                </Dialog>
            )}
        </>
    );
}
