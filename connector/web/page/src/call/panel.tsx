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

export function CallPanel({ id }: { id: string }) {
    const { call, error, again } = useCall(id);
    if (call) {
        return (
            <article class="call" aria-label={words.panel}>
                <Heard key={call.id} call={call} reload={again} />
            </article>
        );
    }
    return error ? <Trouble error={error} again={again} /> : <p class="loading">{common.loading}</p>;
}

/** One that joined another is that other one. What is there stays, and plays on, when it cannot be asked for anew. */
function useCall(id: string): { call: Call | undefined; error: unknown; again: () => void } {
    const { value, error, again } = useAsked(
        async (signal) => {
            const path = { call_id: id };
            return { by: id, call: await told(api.GET("/v1/calls/{call_id}", { params: { path }, signal })) };
        },
        [id],
    );
    const known = useRef(value);
    if (value) known.current = value;
    const call = error && known.current?.by !== id ? undefined : known.current?.call;
    useLookingAgain(call, again);
    return { call, error, again };
}

function useLookingAgain(call: Call | undefined, again: () => void): void {
    const isUnderWay = call?.recordings.some((one) => UNDER_WAY.has(one.state)) ?? false;
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
                        {words.recordingAt(place + 1, whenOf(one), lengthOf(one))}
                    </option>
                ))}
            </select>
        </label>
    );
}

const whenOf = (one: Recording): string => (one.started_at ? momentOf(one.started_at) : words.states[one.state]);
const lengthOf = (one: Recording): string =>
    one.duration_seconds === null ? words.states[one.state] : clockOf(one.duration_seconds);
