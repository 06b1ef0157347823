/** Where the open call stands: right of the list where there is room, else over it. */

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { CallPanel } from "../call/panel";
import { momentOf } from "../format";
import { Button } from "../parts/button";
import { words } from "../words/calls";
import { type Row, rowOf } from "./row";

const BESIDE = matchMedia("(min-width: 1100px)");

/** Whether list and call are seen together. */
export function useBeside(): boolean {
    const [isBeside, setBeside] = useState(BESIDE.matches);
    useEffect(() => {
        const look = (): void => setBeside(BESIDE.matches);
        BESIDE.addEventListener("change", look);
        return () => BESIDE.removeEventListener("change", look);
    }, []);
    return isBeside;
}

interface Props {
    id: string;
    rows: readonly Row[];
    isBeside: boolean;
    onClose: () => void;
}

export function PanelPlace({ id, rows, isBeside, onClose }: Props) {
    const [known, setKnown] = useState<Row | null>(null);
    // A link may lead to one that is not listed.
    const row = rows.find((one) => one.id === id) ?? (known?.id === id ? known : null);
    const place = useRef<HTMLElement>(null);
    // Whoever opened it wants to go on in it; Escape leads back to the row.
    useLayoutEffect(() => {
        place.current?.focus({ preventScroll: true });
        place.current?.scrollTo(0, 0);
    }, [id]);
    return (
        <aside ref={place} class="panel" tabIndex={-1} aria-label={words.panel}>
            <div class="panel-bar">
                <Button onClick={onClose} aria-keyshortcuts="Escape" title={`${words.close} (Escape)`}>
                    {isBeside ? `× ${words.close}` : `‹ ${words.back}`}
                </Button>
                {row && (
                    <h2>
                        <bdi>{row.from || words.noNumber}</bdi> → <bdi>{row.to}</bdi> <span>{momentOf(row.at)}</span>
                    </h2>
                )}
            </div>
            <CallPanel id={id} whenKnown={(call) => setKnown({ ...rowOf(call), id })} />
        </aside>
    );
}
