/** A recording being played, for components. */

import { useSyncExternalStore } from "preact/compat";
import { useEffect, useState } from "preact/hooks";
import type { Loop, PlayingState } from "./playing";
import { Playing } from "./playing";
import type { Sound } from "./sound";

/** Null until it is begun, and where there is no sound. `moment`: what the address says, and when it says another. */
export function usePlaying(sound: Sound | null, moment: number | null): Playing | null {
    const [playing, setPlaying] = useState<Playing | null>(null);
    useEffect(() => {
        if (!sound) return;
        const own = new Playing(sound, moment ?? 0);
        setPlaying(own);
        return () => {
            own.close();
            setPlaying(null);
        };
    }, [sound?.address]);
    useEffect(() => {
        if (moment !== null) playing?.seek(moment);
    }, [moment]);
    return playing;
}

export function usePlayingState(playing: Playing): PlayingState {
    return useSyncExternalStore(playing.whenChanged, playing.state);
}

export function useLoop(playing: Playing): Loop | null {
    return useSyncExternalStore(playing.whenChanged, () => playing.state().loop);
}

/** So long words wait for a storage that does not answer. */
const PATIENCE_MILLISECONDS = 3000;

/** Whether its length is known, or that there is something wrong with it: what is large and not heard may be asked for
 * now. */
export function useSettled(playing: Playing | null): boolean {
    const [settled, setSettled] = useState<Playing | null>(null);
    useEffect(() => {
        if (!playing) return;
        const { audio } = playing;
        const settle = (): void => setSettled(playing);
        if (audio.readyState > 0 || audio.error) settle();
        audio.addEventListener("loadedmetadata", settle);
        audio.addEventListener("error", settle);
        const timer = setTimeout(settle, PATIENCE_MILLISECONDS);
        return () => {
            clearTimeout(timer);
            audio.removeEventListener("loadedmetadata", settle);
            audio.removeEventListener("error", settle);
        };
    }, [playing]);
    return playing !== null && settled === playing;
}
