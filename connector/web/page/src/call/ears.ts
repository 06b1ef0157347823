/** Which speaker is heard on which ear. The sound goes through Web Audio only from the moment that somebody wants that:
 * browsers start it on a gesture, and plain playing needs none of it. */

import type { Side } from "./sound";

export interface Hearing {
    readonly muted: Readonly<Record<Side, boolean>>;
    readonly solo: Side | null;
}

export const EVERYBODY: Hearing = { muted: { left: false, right: false }, solo: null };

/** How loud each channel is on each ear. Who is heard alone is heard on both. */
export function loudness(hearing: Hearing): Record<Side, Record<Side, number>> {
    const { muted, solo } = hearing;
    if (solo !== null) {
        const alone = { left: 1, right: 1 };
        const nothing = { left: 0, right: 0 };
        return solo === "left" ? { left: alone, right: nothing } : { left: nothing, right: alone };
    }
    return { left: { left: muted.left ? 0 : 1, right: 0 }, right: { left: 0, right: muted.right ? 0 : 1 } };
}

const SIDES: readonly Side[] = ["left", "right"];
/** Short enough to be at once, long enough not to click. */
const FADE_SECONDS = 0.01;

export class Ears {
    readonly #context = new AudioContext();
    readonly #gains: { from: Side; to: Side; gain: GainNode }[] = [];

    constructor(audio: HTMLMediaElement) {
        const splitter = this.#context.createChannelSplitter(2);
        const merger = this.#context.createChannelMerger(2);
        this.#context.createMediaElementSource(audio).connect(splitter);
        for (const [input, from] of SIDES.entries()) {
            for (const [output, to] of SIDES.entries()) {
                const gain = this.#context.createGain();
                splitter.connect(gain, input);
                gain.connect(merger, 0, output);
                this.#gains.push({ from, to, gain });
            }
        }
        merger.connect(this.#context.destination);
        this.hear(EVERYBODY);
    }

    hear(hearing: Hearing): void {
        const wanted = loudness(hearing);
        for (const { from, to, gain } of this.#gains) {
            gain.gain.setTargetAtTime(wanted[from][to], this.#context.currentTime, FADE_SECONDS);
        }
        this.wake();
    }

    /** A browser may have put it to sleep. */
    wake(): void {
        if (this.#context.state === "suspended") void this.#context.resume();
    }

    close(): void {
        void this.#context.close();
    }
}
