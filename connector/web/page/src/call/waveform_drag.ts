/** A hand on the waveform: let go where it began it goes there, drawn across it loops that range. */

import { useRef } from "preact/hooks";
import type { Playing } from "./playing";

const CLICK_PIXELS = 4;

type Hand = (event: PointerEvent & { currentTarget: HTMLElement }) => void;

/** `over`: told where a hand is that does not draw. */
export function useDragged(
    playing: Playing,
    over: (element: HTMLElement, seconds: number) => void,
): { onPointerDown: Hand; onPointerMove: Hand; onPointerUp: Hand } {
    const begun = useRef<{ x: number; seconds: number } | null>(null);
    const secondsAt: (event: Parameters<Hand>[0]) => number = (event) => {
        const box = event.currentTarget.getBoundingClientRect();
        const share = box.width > 0 ? (event.clientX - box.left) / box.width : 0;
        return Math.min(Math.max(0, share), 1) * playing.seconds;
    };
    const loopTo = (event: Parameters<Hand>[0], from: number): void => {
        const to = secondsAt(event);
        playing.loop({ from: Math.min(from, to), to: Math.max(from, to) });
    };
    const isDrag = (event: PointerEvent): boolean =>
        begun.current !== null && Math.abs(event.clientX - begun.current.x) > CLICK_PIXELS;

    return {
        onPointerDown: (event) => {
            if (event.button !== 0) return;
            begun.current = { x: event.clientX, seconds: secondsAt(event) };
            // A finger that moves scrolls the page.
            if (event.pointerType === "mouse") event.currentTarget.setPointerCapture(event.pointerId);
        },
        onPointerMove: (event) => {
            if (!begun.current) over(event.currentTarget, secondsAt(event));
            else if (event.pointerType === "mouse" && isDrag(event)) loopTo(event, begun.current.seconds);
        },
        onPointerUp: (event) => {
            const start = begun.current;
            if (!start) return;
            const drew = isDrag(event);
            begun.current = null;
            if (!drew) playing.seek(secondsAt(event));
            else if (playing.state().loop) playing.seek(Math.min(start.seconds, secondsAt(event)));
        },
    };
}
