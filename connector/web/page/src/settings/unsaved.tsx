import { useEffect, useState } from "preact/hooks";
import { keepHere } from "../address";
import { Button } from "../parts/button";
import { Dialog } from "../parts/dialog";
import { words } from "../words/settings";

/** Asks before anything is lost by going elsewhere, within the page or out of it. */
export function Unsaved({ what }: { what: string }) {
    const [leave, setLeave] = useState<(() => void) | null>(null);
    useEffect(() => {
        const ask = (event: BeforeUnloadEvent): void => event.preventDefault();
        addEventListener("beforeunload", ask);
        const release = keepHere((goOn) => {
            setLeave(() => goOn);
            return true;
        });
        return () => {
            removeEventListener("beforeunload", ask);
            release();
        };
    }, []);
    if (!leave) return null;
    return (
        <Dialog title={words.leaving.title} onClose={() => setLeave(null)}>
            <p>{what}</p>
            <div class="acts">
                <Button kind="primary" onClick={() => setLeave(null)}>
                    {words.leaving.stay}
                </Button>
                <Button kind="danger" onClick={leave}>
                    {words.leaving.leave}
                </Button>
            </div>
        </Dialog>
    );
}
