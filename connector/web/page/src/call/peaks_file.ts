/** The stored waveform: audiowaveform's binary format, version 2, as connector/audio/peaks.py writes it. Pure. */

import { lastBefore } from "./halving";

export interface Peaks {
    readonly left: Float32Array;
    readonly right: Float32Array;
    /** Of the left and the right ear together. */
    readonly together: Float32Array;
    readonly secondsPerPixel: number;
}

export interface Stretch {
    readonly start: number;
    readonly end: number;
}

const HEADER_BYTES = 24;
const VERSION = 2;
const EIGHT_BIT = 1;
const CHANNELS = 2;
/** Of 128: what is below is the noise of a line in which nobody speaks. */
const QUIET = 2 / 128;
const SHORTEST_SILENCE_SECONDS = 1;
/** So much of a silence is still heard on either side: no word begins abruptly. */
const BREATH_SECONDS = 0.2;

/** Null: it is none that we know. */
export function peaksOf(content: ArrayBuffer): Peaks | null {
    if (content.byteLength < HEADER_BYTES) return null;
    const view = new DataView(content);
    const at = (place: number) => view.getInt32(4 * place, true);
    const [version, flags, rate, perPixel, pixels, channels] = [at(0), at(1), at(2), at(3), at(4), at(5)];
    const isOurs = version === VERSION && flags === EIGHT_BIT && channels === CHANNELS && rate > 0 && perPixel > 0;
    if (!isOurs || pixels < 0 || content.byteLength < HEADER_BYTES + 4 * pixels) return null;
    const values = new Int8Array(content, HEADER_BYTES, 4 * pixels);
    const left = heights(values, 0, pixels);
    const right = heights(values, 2, pixels);
    const together = left.map((height, pixel) => Math.max(height, right[pixel] ?? 0));
    return { left, right, together, secondsPerPixel: perPixel / rate };
}

/** How far each pixel goes from the middle, whichever way: 0 to 1. */
function heights(values: Int8Array, channel: number, pixels: number): Float32Array {
    const found = new Float32Array(pixels);
    for (let pixel = 0; pixel < pixels; pixel += 1) {
        const low = values[4 * pixel + channel] ?? 0;
        const high = values[4 * pixel + channel + 1] ?? 0;
        found[pixel] = Math.max(-low, high, 0) / 128;
    }
    return found;
}

/** Where nobody is heard for a second and longer; a breath on either side is none of it. */
export function silences(peaks: Peaks): Stretch[] {
    const found: Stretch[] = [];
    const { together, secondsPerPixel } = peaks;
    let begin = 0;
    for (let pixel = 0; pixel <= together.length; pixel += 1) {
        if (pixel < together.length && (together[pixel] ?? 1) <= QUIET) continue;
        const [start, end] = [begin * secondsPerPixel, pixel * secondsPerPixel];
        if (end - start >= SHORTEST_SILENCE_SECONDS)
            found.push({ start: start + BREATH_SECONDS, end: end - BREATH_SECONDS });
        begin = pixel + 1;
    }
    return found;
}

export function secondsOf(stretches: readonly Stretch[]): number {
    return stretches.reduce((sum, one) => sum + one.end - one.start, 0);
}

export function stretchAt(stretches: readonly Stretch[], seconds: number): Stretch | undefined {
    const found = stretches[lastBefore(stretches.length, (place) => (stretches[place]?.start ?? 0) <= seconds)];
    return found && seconds < found.end ? found : undefined;
}
