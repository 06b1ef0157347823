/** How a row is laid out: in one line where there is room, in two where there is not, with less in them on a phone. Knows
 * heights and widths only; queries in CSS took as long for each frame as all the rest of it. */

import type { RefObject } from "preact";
import { useLayoutEffect, useState } from "preact/hooks";

export type Form = "line" | "lines" | "phone";

const LINE_FROM_PIXELS = 900;
const LINES_FROM_PIXELS = 520;
/** In pixels; table.css has the same. A row with words that were found has one more line. */
const HEIGHTS: Record<Form, number> = { line: 36, lines: 56, phone: 56 };
/** Of the line of titles, which stays above the rows. */
export const HEAD_HEIGHTS: Record<Form, number> = { line: 30, lines: 0, phone: 0 };
const HIT_HEIGHT = 22;

export function heightOf(form: Form, hasHits: boolean): number {
    return HEIGHTS[form] + (hasHits ? HIT_HEIGHT : 0);
}

export function useForm(element: RefObject<HTMLElement | null>): Form {
    const [form, setForm] = useState<Form>("line");
    useLayoutEffect(() => {
        const watched = element.current;
        if (!watched) return;
        const look = (): void => setForm(formOf(watched.clientWidth));
        look();
        const watcher = new ResizeObserver(look);
        watcher.observe(watched);
        return () => watcher.disconnect();
    }, [element]);
    return form;
}

function formOf(width: number): Form {
    if (width >= LINE_FROM_PIXELS) return "line";
    return width >= LINES_FROM_PIXELS ? "lines" : "phone";
}
