/** A call that lives, and how it stands with its recording. Pure: knows what the API said, asks nobody. */

import type { Bodies, Call } from "../api/client";
import type { LiveEvent } from "./events";

type RecordingState = Bodies["RecordingState"];

interface LiveRecording {
    readonly id: string;
    readonly state: RecordingState;
    readonly reason: string;
    readonly rule: string;
}

type Shared = "id" | "status" | "kind" | "from_number" | "to_number" | "conference" | "direction";
type SharedToo = "queue" | "agent" | "organisation" | "created_at" | "answered_at" | "ended_at" | "verdict";

export interface LiveCall extends Pick<Call, Shared | SharedToo> {
    /** The oldest first. */
    readonly recordings: readonly LiveRecording[];
    /** How many are there; null where no answer has told it yet. */
    readonly present: number | null;
}

export function callOf(body: Call): LiveCall {
    return { ...body, present: body.legs.filter((leg) => leg.ended_at === null).length };
}

/** As it stands after an event about it; `before` is how it was known. */
export function callAfter(event: LiveEvent, before: LiveCall | undefined): LiveCall {
    const { call, recording } = event;
    const known = before?.recordings ?? [];
    const others = known.filter((one) => one.id !== recording?.id);
    const isNew = others.length === known.length;
    const recordings = !recording
        ? known
        : isNew
          ? [...known, recording]
          : known.map((one) => (one.id === recording.id ? recording : one));
    // What joined another call is over as a call of its own.
    const ended_at = call.joined ? (call.ended_at ?? event.created_at) : call.ended_at;
    return { ...call, ended_at, recordings, present: before?.present ?? null };
}

/** starting: a recorder was asked for. awaited: it will be recorded. undecided: no rule has spoken yet. off: it is not
 * to be. stopped: it was, for a while. */
const STANDINGS = ["recording", "paused", "starting", "awaited", "undecided", "off", "stopped", "failed"] as const;
export type Standing = (typeof STANDINGS)[number];

export interface Situation {
    readonly is: Standing;
    /** The rule, the wish or the trouble behind it, in the server's words. */
    readonly why: string;
}

const RUNNING: Partial<Record<RecordingState, Standing>> = {
    requested: "starting",
    recording: "recording",
    paused: "paused",
};

export function situationOf(call: LiveCall): Situation {
    const running = call.recordings.findLast((one) => one.state in RUNNING);
    if (running) return { is: RUNNING[running.state] ?? "starting", why: running.rule };
    const last = call.recordings.at(-1);
    const why = call.verdict?.reason ?? "";
    if (last?.state.startsWith("failed")) return { is: "failed", why: last.reason };
    if (call.verdict?.record) return { is: "awaited", why };
    if (last && last.state !== "absent") return { is: "stopped", why };
    if (!call.verdict) return { is: "undecided", why };
    return { is: "off", why: last?.reason || why };
}

export const ACTIONS = ["start", "stop", "pause", "resume"] as const;
export type Action = (typeof ACTIONS)[number];

const POSSIBLE: Record<Standing, readonly Action[]> = {
    recording: ["stop", "pause"],
    paused: ["stop", "resume"],
    starting: ["stop"],
    awaited: [],
    undecided: ["start"],
    off: ["start"],
    stopped: ["start"],
    failed: ["start"],
};

/** What may be ordered now. */
export function possible(call: LiveCall, is: Standing): readonly Action[] {
    return call.ended_at === null ? POSSIBLE[is] : [];
}
