/** Keys of the list. Which they are stands in words/calls.ts, for the help. */

import { useEffect, useRef } from "preact/hooks";

export type Acts = Readonly<Record<string, (() => void) | undefined>>;

/** `everywhere` in the view, `nowhere` while nothing has the focus. */
export function useKeys(everywhere: Acts, nowhere: Acts = {}): void {
    const known = useRef({ everywhere, nowhere });
    known.current = { everywhere, nowhere };
    useEffect(() => {
        const react = (event: KeyboardEvent): void => {
            press(event, known.current.everywhere);
            if (event.target === document.body) press(event, known.current.nowhere);
        };
        document.addEventListener("keydown", react);
        return () => document.removeEventListener("keydown", react);
    }, []);
}

/** Does what the key stands for, unless it is somebody else's. */
export function press(event: KeyboardEvent, acts: Acts): void {
    const act = isElsewhere(event) ? undefined : acts[event.key];
    if (!act) return;
    event.preventDefault();
    act();
}

const TYPED_INTO = "input:not([type=range], [type=checkbox]), select, textarea, [contenteditable]";

function isElsewhere(event: KeyboardEvent): boolean {
    // On many keyboards signs are typed with AltGr.
    const isChord = event.ctrlKey || event.altKey || event.metaKey;
    if (event.defaultPrevented || (isChord && !event.getModifierState("AltGraph"))) return true;
    const target = event.target instanceof Element ? event.target : document.body;
    return document.querySelector("dialog[open]") !== null || target.closest(TYPED_INTO) !== null;
}
