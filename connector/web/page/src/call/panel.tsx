/** The open call: what can be heard and read of it, and below that what is known of it. */

import { useEffect, useMemo, useRef } from "preact/hooks";
import { turn, useAddress } from "../address";
import { api, type Call, type Recording, told } from "../api/client";
import { clockOf, momentOf } from "../format";
import { useAsked } from "../parts/asked";
import { Trouble } from "../parts/trouble";
import { may } from "../session/session";
import { words } from "../words/call";
import { words as common } from "../words/frame";
import "./call.css";
import "./player.css";
import "./waveform.css";
import "./transcript.css";
import { CallFacts, WhyNothing } from "./facts/facts";
import { Player } from "./player";
import { usePlaying, useSettled } from "./player_state";
import { soundOf, stored } from "./sound";
import { Transcript } from "./transcript";

const LOOK_AGAIN_MILLISECONDS = 5000;
const IN_CAPTURE: readonly Recording["state"][] = ["requested", "recording", "paused"];
/** Of a recording that becomes another one by itself. */
const UNDER_WAY: ReadonlySet<Recording["state"]> = new Set([...IN_CAPTURE, "captured", "rendered", "removing"]);

interface Props {
    readonly id: string;
    /** Also when it is another than it was. */
    readonly whenKnown?: (call: Call) => void;
}

export function CallPanel({ id, whenKnown }: Props) {
    const { call, isAnother, error, again } = useCall(id);
    useEffect(() => {
        if (call && !isAnother) whenKnown?.(call);
    }, [call, isAnother]);
    if (call) {
        return (
            <article class="call" aria-label={words.panel} aria-busy={isAnother} inert={isAnother}>
                <Heard key={call.id} call={call} reload={again} />
            </article>
        );
    }
    return error ? <Trouble error={error} again={again} /> : <p class="loading">{common.loading}</p>;
}

interface AskedCall {
    readonly call: Call | undefined;
    /** It is still the one before: to be seen until the other one comes, and nothing is done to it by mistake. */
    readonly isAnother: boolean;
    readonly error: unknown;
    readonly again: () => void;
}

/** One that joined another is that other one. What is there stays, and plays on, when it cannot be asked for anew. */
function useCall(id: string): AskedCall {
    const { value, error, again } = useAsked(
        async (signal) => {
            const path = { call_id: id };
            return { by: id, call: await told(api.GET("/v1/calls/{call_id}", { params: { path }, signal })) };
        },
        [id],
    );
    const known = useRef(value);
    if (value) known.current = value;
    const isAnother = known.current !== undefined && known.current.by !== id;
    const call = error && isAnother ? undefined : known.current?.call;
    useLookingAgain(call, again);
    return { call, isAnother, error, again };
}

/** As long as it becomes another one by itself. */
function useLookingAgain(call: Call | undefined, again: () => void): void {
    const isUnderWay = call?.ended_at === null || call?.recordings.some((one) => UNDER_WAY.has(one.state));
    useEffect(() => {
        if (!isUnderWay) return;
        const timer = setInterval(() => document.hidden || again(), LOOK_AGAIN_MILLISECONDS);
        return () => clearInterval(timer);
    }, [isUnderWay, again]);
}

function Heard({ call, reload }: { call: Call; reload: () => void }) {
    const { query } = useAddress();
    const recording = chosen(call, query.get("recording"));
    const mayListen = may("listen");
    const sound = useMemo(() => (recording && mayListen ? soundOf(recording) : null), [recording, mayListen]);
    const playing = usePlaying(sound, momentOfAddress(query.get("t")));
    const isSettled = useSettled(playing);
    return (
        <div class="call-parts">
            <div class="call-sound">
                {call.recordings.length > 1 && recording && <Chooser call={call} recording={recording} />}
                {!mayListen && <p class="call-note">{words.mayNotListen}</p>}
                {sound && playing && recording && (
                    <Player key={sound.address} call={call} recording={recording} sound={sound} playing={playing} />
                )}
                {!sound && !(recording && isThere(recording)) && (
                    <WhyNothing call={call} recording={recording} reload={reload} />
                )}
            </div>
            {mayListen && recording && !IN_CAPTURE.includes(recording.state) && (isSettled || !sound) && (
                <Transcript call={call} recording={recording} playing={playing} />
            )}
            <div class="call-rest">
                <CallFacts call={call} reload={reload} />
            </div>
        </div>
    );
}

function isThere(recording: Recording): boolean {
    return stored(recording).length > 0;
}

/** By the address; else the newest that can be heard, or the newest: as the API has it. */
function chosen(call: Call, wanted: string | null): Recording | null {
    const newestFirst = call.recordings.toReversed();
    return (
        newestFirst.find((one) => one.id === wanted) ??
        newestFirst.find((one) => isThere(one)) ??
        newestFirst[0] ??
        null
    );
}

function momentOfAddress(said: string | null): number | null {
    const seconds = Number(said);
    return said && Number.isFinite(seconds) && seconds >= 0 ? seconds : null;
}

function Chooser({ call, recording }: { call: Call; recording: Recording }) {
    return (
        <label class="chooser">
            {words.recordings}
            <select
                value={recording.id}
                onChange={(event) => turn({ recording: event.currentTarget.value, t: null }, "replace")}
            >
                {call.recordings.map((one, place) => (
                    <option key={one.id} value={one.id}>
                        {saidOf(one, place + 1)}
                    </option>
                ))}
            </select>
        </label>
    );
}

function saidOf(one: Recording, number: number): string {
    const state = words.states[one.state];
    if (one.started_at === null) return words.recordingAt(number, state);
    const length = one.duration_seconds === null ? state : clockOf(one.duration_seconds);
    return words.recordingAt(number, momentOf(one.started_at), length);
}
