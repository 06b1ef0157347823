/** The player: sound, waveform, buttons. What each of them does is playing.ts's. */

import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { addressNow, href } from "../address";
import { type Call, Problem, type Recording } from "../api/client";
import { words } from "../words/call";
import { Downloads } from "./downloads";
import { usePlayerKeys } from "./keys";
import { Legend } from "./legend";
import { markedOf } from "./missing";
import { Missing } from "./missing_list";
import { silences } from "./peaks_file";
import { Controls } from "./player_controls";
import { usePlayingState } from "./player_state";
import { PlayerTrouble } from "./player_trouble";
import type { Playing } from "./playing";
import { type Sound, speakersOf } from "./sound";
import { Talk } from "./talk";
import { Waveform } from "./waveform";
import { useWaveform } from "./waveform_asked";

interface Props {
    readonly call: Call;
    readonly recording: Recording;
    readonly sound: Sound;
    readonly playing: Playing;
}

export function Player({ call, recording, sound, playing }: Props) {
    const state = usePlayingState(playing);
    const { peaks, error } = useWaveform(recording.id);
    const quiet = useMemo(() => (peaks ? silences(peaks) : []), [peaks]);
    useEffect(() => playing.knows(quiet), [playing, quiet]);
    const marked = useMemo(() => markedOf(call, recording), [call, recording]);
    const speakers = useMemo(() => speakersOf(recording), [recording]);
    const copying = useCopying(playing, recording, call.recordings.length > 1);
    const skipSilence = useCallback(() => playing.skipSilence(!playing.state().skipsSilence), [playing]);
    const solo = sound.isApart && speakers.length === 2;
    const acts = useMemo(
        () => ({
            copyMoment: copying.copy,
            skipSilence,
            solo: solo ? (side: "left" | "right" | null) => playing.solo(side) : null,
        }),
        [playing, copying.copy, skipSilence, solo],
    );
    usePlayerKeys(playing, acts);

    return (
        <section class="player" aria-label={words.player}>
            <SoundPlace playing={playing} />
            <Waveform playing={playing} peaks={peaks} speakers={speakers} marked={marked}>
                <Legend playing={playing} state={state} speakers={speakers} recording={recording} isApart={solo} />
            </Waveform>
            {error instanceof Problem && (
                <p class="player-note">
                    {words.noWaveform} <bdi>{error.detail}</bdi>
                </p>
            )}
            {sound.isMade && <p class="player-note">{words.made}</p>}
            {state.error !== 0 && <PlayerTrouble playing={playing} sound={sound} code={state.error} />}
            <Controls
                playing={playing}
                state={state}
                quiet={quiet}
                hasWaveform={peaks !== null}
                copying={copying}
                downloads={<Downloads call={call} recording={recording} />}
            />
            <Missing marked={marked} playing={playing} />
            {recording.talk && <Talk talk={recording.talk} />}
        </section>
    );
}

/** The element itself shows nothing; in the page it is found by whoever helps people to hear. */
function SoundPlace({ playing }: { playing: Playing }) {
    const place = useRef<HTMLDivElement>(null);
    useEffect(() => {
        place.current?.replaceChildren(playing.audio);
    }, [playing]);
    return <div ref={place} hidden />;
}

export interface Copying {
    readonly copy: () => void;
    /** What the browser did not let us copy, or true. */
    readonly outcome: string | true | null;
}

const SEEN_MILLISECONDS = 4000;

function useCopying(playing: Playing, recording: Recording, isOneOfSeveral: boolean): Copying {
    const [outcome, setOutcome] = useState<string | true | null>(null);
    useEffect(() => {
        if (outcome !== true) return;
        const timer = setTimeout(() => setOutcome(null), SEEN_MILLISECONDS);
        return () => clearTimeout(timer);
    }, [outcome]);
    const copy = useCallback(() => {
        const address = momentAddress(playing.now, isOneOfSeveral ? recording.id : null);
        const copied = navigator.clipboard?.writeText(address) ?? Promise.reject(new Error("no clipboard"));
        copied.then(
            () => setOutcome(true),
            () => setOutcome(address),
        );
    }, [playing, recording.id, isOneOfSeveral]);
    return { copy, outcome };
}

/** What is open now, at that moment. */
function momentAddress(seconds: number, recordingId: string | null): string {
    const { view, query } = addressNow();
    const wanted = new URLSearchParams(query);
    wanted.set("t", String(Math.round(seconds * 10) / 10));
    if (recordingId) wanted.set("recording", recordingId);
    return location.origin + href(view, wanted);
}
