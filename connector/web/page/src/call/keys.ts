/** What keys do while a call is open. Which they are stands in words/call.ts, for the page's help. */

import { useEffect } from "preact/hooks";
import type { Playing } from "./playing";

const STEP_SECONDS = 5;
const LEAP_SECONDS = 30;

export interface PlayerActs {
    readonly copyMoment: () => void;
    readonly skipSilence: () => void;
    /** Null: the two cannot be told apart. */
    readonly solo: ((side: "left" | "right" | null) => void) | null;
}

type Act = (event: KeyboardEvent) => void;

export function usePlayerKeys(playing: Playing, acts: PlayerActs): void {
    useEffect(() => {
        const known = keysOf(playing, acts);
        const react = (event: KeyboardEvent): void => {
            const act = known[event.key];
            if (!act || isElsewhere(event)) return;
            event.preventDefault();
            act(event);
        };
        document.addEventListener("keydown", react);
        return () => document.removeEventListener("keydown", react);
    }, [playing, acts]);
}

function keysOf(playing: Playing, acts: PlayerActs): Readonly<Record<string, Act>> {
    const seconds = (event: KeyboardEvent): number => (event.shiftKey ? LEAP_SECONDS : STEP_SECONDS);
    const { solo } = acts;
    return {
        " ": () => playing.toggle(),
        ArrowLeft: (event) => playing.by(-seconds(event)),
        ArrowRight: (event) => playing.by(seconds(event)),
        ",": () => playing.faster(-1),
        ".": () => playing.faster(1),
        "[": () => playing.loopFromHere(),
        "]": () => playing.loopToHere(),
        l: () => playing.loop(null),
        m: () => playing.mute(!playing.state().isMuted),
        s: () => acts.skipSilence(),
        c: () => acts.copyMoment(),
        ...(solo && { "1": () => solo("left"), "2": () => solo("right"), "0": () => solo(null) }),
    };
}

const TYPED_INTO = "input:not([type=range], [type=checkbox]), select, textarea, [contenteditable]";
/** They know some of the keys themselves. */
const PRESSED = "button, a[href], summary, [role=tab], [role=menuitem], [role=option]";
const MOVED = "input[type=range], [role=menu], [role=listbox], [role=grid], [role=radiogroup]";

function isElsewhere(event: KeyboardEvent): boolean {
    // On many keyboards brackets are signs of AltGr.
    const isChord = event.ctrlKey || event.altKey || event.metaKey;
    if (event.defaultPrevented || (isChord && !event.getModifierState("AltGraph"))) return true;
    const target = event.target instanceof Element ? event.target : document.body;
    if (document.querySelector("dialog[open]") || target.closest(TYPED_INTO)) return true;
    if (event.key === " ") return target.closest(`${PRESSED}, input`) !== null;
    return event.key.startsWith("Arrow") && target.closest(MOVED) !== null;
}
