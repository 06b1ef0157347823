/** The waveform's picture, by wavesurfer, from stored peaks: it asks for no sound. Colours are those of the page, also
 * when they change. */

import type { RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";
import WaveSurfer from "wavesurfer.js";
import { colourOf, painted, whenColoursChange } from "./colours";
import type { Peaks } from "./peaks_file";
import type { Playing } from "./playing";
import type { Side, Speaker } from "./sound";

const HEIGHT_PIXELS = 96;
/** Voices on the telephone are not loud: they are drawn as high as the loudest one allows. */
const LEAST_PEAK = 0.1;

export function useDrawn(
    playing: Playing,
    peaks: Peaks | null,
    speakers: readonly Speaker[],
): RefObject<HTMLDivElement | null> {
    const place = useRef<HTMLDivElement>(null);
    const roles = speakers.map((one) => one.role).join();
    useEffect(() => {
        if (!place.current || !peaks || peaks.together.length === 0) return;
        const container = place.current;
        const surfer = WaveSurfer.create({
            container,
            media: playing.audio,
            peaks: speakers.length === 2 ? [peaks.left, peaks.right] : [peaks.together],
            duration: playing.seconds,
            interact: false,
            cursorWidth: 0,
            hideScrollbar: true,
            maxPeak: Math.max(LEAST_PEAK, loudest(peaks.together)),
            normalize: true,
            cspNonce: document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? "",
            ...looks(container, speakers),
        });
        const leave = whenColoursChange(() => surfer.setOptions(looks(container, speakers)));
        return () => {
            leave();
            surfer.destroy();
        };
    }, [playing, peaks, roles]);
    return place;
}

function looks(element: HTMLElement, speakers: readonly Speaker[]) {
    if (speakers.length !== 2) return { height: HEIGHT_PIXELS, ...inOne(painted(element, "--accent")) };
    const side = (wanted: Side) => colourOf(speakers.find((one) => one.side === wanted));
    const channels = [side("left"), side("right")].map((colour) => ({
        height: HEIGHT_PIXELS / 2,
        ...inOne(painted(element, colour)),
    }));
    return { height: HEIGHT_PIXELS / 2, splitChannels: channels };
}

/** What was heard already is as bright as the rest: the cursor says where one is. */
function inOne(colour: string): { waveColor: string; progressColor: string } {
    return { waveColor: colour, progressColor: colour };
}

function loudest(heights: Float32Array): number {
    return heights.reduce((most, one) => Math.max(most, one), 0);
}
