/** A call as the table shows it: small enough that a hundred thousand of them can be kept. Pure. */

import type { Bodies, Call, Recording } from "../api/client";
import type { LiveEvent } from "../live/events";
import { excerpt } from "./lit";

type RecordingState = Bodies["RecordingState"];
type LiveCall = LiveEvent["call"];
type Hit = Bodies["CallHit"];

/** What there is to hear, or why there is nothing. */
export type Sound =
    | "available"
    | "partial"
    | "recording"
    | "paused"
    | "starting"
    | "on_its_way"
    | "failed"
    | "off"
    | "no_answer"
    | "too_short"
    | "expired"
    | "erased"
    | "awaited";

export interface Row {
    readonly id: string;
    readonly at: string;
    readonly status: Call["status"];
    readonly direction: Call["direction"];
    readonly from: string;
    readonly to: string;
    readonly agent: string;
    readonly queue: string;
    readonly organisation: string;
    readonly pbx: string;
    readonly seconds: number;
    readonly sound: Sound;
    /** In the server's words; empty: there is no more to say. */
    readonly reason: string;
    readonly isHeld: boolean;
    readonly hasTranscript: boolean;
    readonly notes: number;
    readonly tags: readonly string[];
    /** The best place of the words that are looked for, and how many there are. */
    readonly hit: Hit | null;
    readonly hits: number;
}

/** `wanted`: the words that were looked for. */
export function rowOf(call: Call, wanted = ""): Row {
    const recording = chosen(call.recordings);
    const [hit = null] = call.hits;
    return {
        ...factsOf(call),
        at: call.started_at,
        ...(recording ? soundOf(recording, call.status) : silenceOf(call)),
        isHeld: call.recordings.some((one) => one.hold !== null),
        hasTranscript: call.recordings.some((one) => one.transcript_state === "done"),
        notes: call.notes.length,
        hit: hit && { ...hit, text: excerpt(hit.text, wanted) },
        hits: call.hits.length,
    };
}

/** As it stands after an event about it. */
export function rowAfter(event: LiveEvent, before: Row): Row {
    const { call, recording } = event;
    const facts = { ...before, ...factsOf(call) };
    // What can be heard stays so, whatever becomes of another recording of the same call.
    if (recording) return isAudible(before) ? facts : { ...facts, ...soundOf(recording, call.status) };
    return IS_UNDECIDED.has(before.sound) ? { ...facts, ...silenceOf(call) } : facts;
}

const IS_UNDECIDED: ReadonlySet<Sound> = new Set<Sound>(["awaited", "off", "no_answer", "too_short"]);

function isAudible(row: Row): boolean {
    return row.sound === "available" || row.sound === "partial";
}

function factsOf(call: Call | LiveCall) {
    return {
        id: call.id,
        status: call.status,
        direction: call.direction,
        from: call.from_number,
        to: call.conference || call.to_number,
        agent: call.agent.name || call.agent.id,
        queue: call.queue,
        organisation: call.organisation,
        pbx: call.pbx,
        seconds: call.duration,
        tags: call.tags,
    };
}

/** The newest that can be heard, or the newest: as the API chooses when none is named. */
function chosen(recordings: Call["recordings"]): Call["recordings"][number] | undefined {
    return recordings.findLast((one) => one.state === "available") ?? recordings.at(-1);
}

const SOUNDS: Record<Exclude<RecordingState, "absent" | "removing" | "removed">, Sound> = {
    requested: "starting",
    recording: "recording",
    paused: "paused",
    captured: "on_its_way",
    rendered: "on_its_way",
    available: "available",
    "failed-at-capture": "failed",
    "failed-at-render": "failed",
    "failed-at-store": "failed",
};

type Told = Pick<Recording, "state" | "reason"> & Partial<Pick<Recording, "is_partial" | "removal">>;

function soundOf(recording: Told, status: Call["status"]): { sound: Sound; reason: string } {
    const { state, reason } = recording;
    switch (state) {
        case "absent":
            return { sound: status === "no_answer" ? "no_answer" : "too_short", reason };
        case "removing":
        case "removed":
            return recording.removal?.is_expired ? { sound: "expired", reason: "" } : { sound: "erased", reason };
        case "available":
            return { sound: recording.is_partial ? "partial" : "available", reason: "" };
        default:
            return { sound: SOUNDS[state], reason };
    }
}

/** Of a call without any recording. */
function silenceOf(call: Call | LiveCall): { sound: Sound; reason: string } {
    const isLive = call.status === "ringing" || call.status === "in_progress";
    if (isLive && call.verdict?.record !== false) return { sound: "awaited", reason: "" };
    if (call.verdict?.record === false) return { sound: "off", reason: call.verdict.reason };
    return { sound: call.status === "no_answer" ? "no_answer" : "too_short", reason: "" };
}
