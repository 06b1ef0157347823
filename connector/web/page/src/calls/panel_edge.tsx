/** The edge between the list and the open call: drawn by hand or moved by keys, and next time where it was left. */

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { words } from "../words/calls";

const NAME = "callreel-panel-share";
/** Of the width of both, in percent. */
const USUAL = 54;
const LEAST = 25;
const MOST = 80;
const STEP = 2;
/** Neither of them gets narrower than a phone; calls.css has the same. */
const LEAST_LIST_PIXELS = 300;
const LEAST_PANEL_PIXELS = 360;

export function PanelEdge() {
    const edge = useRef<HTMLHRElement>(null);
    const [share, setShare] = useState(remembered);
    // Not by a property of the view: nothing but widths is to be made anew while somebody draws.
    useLayoutEffect(() => {
        edge.current?.parentElement?.style.setProperty("--panel-share", `${share}%`);
    }, [share]);

    const set = (wanted: number): void => {
        const width = edge.current?.parentElement?.clientWidth ?? 0;
        const now = bounded(wanted, width);
        setShare(now);
        remember(now);
    };
    return (
        <hr
            ref={edge}
            class="panel-edge"
            tabIndex={0}
            aria-orientation="vertical"
            aria-label={words.width}
            title={words.widthHelp}
            aria-valuemin={LEAST}
            aria-valuemax={MOST}
            aria-valuenow={Math.round(share)}
            onPointerDown={(event) => {
                if (event.button !== 0) return;
                // What is drawn across is not to be chosen as text.
                event.preventDefault();
                event.currentTarget.focus();
                event.currentTarget.setPointerCapture(event.pointerId);
            }}
            onPointerMove={(event) => {
                const box = event.currentTarget.parentElement?.getBoundingClientRect();
                if (!box?.width || !event.currentTarget.hasPointerCapture(event.pointerId)) return;
                set((100 * (box.right - event.clientX)) / box.width);
            }}
            onDblClick={() => set(USUAL)}
            onKeyDown={(event) => {
                const wanted = wantedBy(event.key, share);
                if (wanted === null || event.ctrlKey || event.altKey || event.metaKey) return;
                // The player has the arrows, too.
                event.preventDefault();
                set(wanted);
            }}
        />
    );
}

/** The edge goes where the arrow points; the call is on its right. */
function wantedBy(key: string, share: number): number | null {
    switch (key) {
        case "ArrowLeft":
            return share + STEP;
        case "ArrowRight":
            return share - STEP;
        case "Home":
            return LEAST;
        case "End":
            return MOST;
        case "Enter":
            return USUAL;
        default:
            return null;
    }
}

function bounded(share: number, width: number): number {
    if (width === 0) return share;
    const most = Math.min(MOST, 100 - (100 * LEAST_LIST_PIXELS) / width);
    return Math.min(Math.max(share, LEAST, (100 * LEAST_PANEL_PIXELS) / width), most);
}

function remembered(): number {
    try {
        const said = Number(localStorage.getItem(NAME) ?? USUAL);
        return said >= LEAST && said <= MOST ? said : USUAL;
    } catch {
        return USUAL;
    }
}

function remember(share: number): void {
    try {
        localStorage.setItem(NAME, String(share));
    } catch {
        // It is full, or closed to us: it holds as long as the call is open.
    }
}
