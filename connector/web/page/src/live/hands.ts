/** Where somebody's hands are in the list, so that nothing moves under them. */

import type { RefObject } from "preact";
import { useCallback, useRef } from "preact/hooks";
import type { Hands } from "./calls_now";

/** A pointer that has rested for so long was left there. */
const RESTED_MILLISECONDS = 10_000;

export const rowOf = (element: Element | null | undefined): HTMLElement | null =>
    element?.closest<HTMLElement>("[data-call]") ?? null;

export const idOf = (element: Element | null | undefined): string | null => rowOf(element)?.dataset.call ?? null;

export function useHands(): { list: RefObject<HTMLDivElement | null>; hands: () => Hands; moved: () => void } {
    const list = useRef<HTMLDivElement>(null);
    const movedAt = useRef(Number.NEGATIVE_INFINITY);
    const hands = useCallback((): Hands => {
        const isMoving = performance.now() - movedAt.current < RESTED_MILLISECONDS;
        const hovered = isMoving ? list.current?.querySelector("[data-call]:hover") : null;
        return { focused: idOf(document.activeElement), pointed: idOf(hovered) };
    }, []);
    const moved = useCallback(() => {
        movedAt.current = performance.now();
    }, []);
    return { list, hands, moved };
}
