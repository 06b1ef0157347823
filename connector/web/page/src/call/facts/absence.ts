/** Why nothing can be heard of a call or of one of its recordings, as far as the call itself tells. */

import type { Call, Recording } from "../../api/client";
import { words } from "../../words/call_facts";
import { named } from "./named";

type Delivery = Recording["deliveries"][number];

export type Absence =
    | "recording"
    | "paused"
    | "coming"
    | "making"
    | "storing"
    | "off"
    | "noAnswer"
    | "tooShort"
    | "lost"
    | "unmade"
    | "unstored"
    | "removing"
    | "removed"
    | "noCopy"
    /** A newer server's state. */
    | "unknownState";

const BY_STATE: Readonly<Record<string, Absence>> = {
    requested: "coming",
    recording: "recording",
    paused: "paused",
    captured: "making",
    rendered: "storing",
    available: "noCopy",
    "failed-at-capture": "lost",
    "failed-at-render": "unmade",
    "failed-at-store": "unstored",
    removing: "removing",
    removed: "removed",
};

/** Only for what has no sound that could be played. */
export function absenceOf(call: Call, recording: Recording | null | undefined): Absence {
    if (!recording) return unrecorded(call);
    if (recording.state === "absent") return call.answered_at ? "tooShort" : "noAnswer";
    return BY_STATE[recording.state] ?? "unknownState";
}

function unrecorded(call: Call): Absence {
    if (call.verdict && !call.verdict.record) return "off";
    if (!call.ended_at) return "coming";
    return call.answered_at ? "tooShort" : "noAnswer";
}

const GONE: ReadonlySet<Recording["state"]> = new Set(["removing", "removed", "absent"]);

/** There is something of it that can be kept or deleted. */
export const isKept = (recording: Recording): boolean => !GONE.has(recording.state);

export const isGone = (absence: Absence): boolean => absence === "removing" || absence === "removed";

/** Copies with the same fate at the same destination, with the names of all their files. */
export function alike(deliveries: readonly Delivery[]): { one: Delivery; kinds: string[] }[] {
    const found = new Map<string, { one: Delivery; kinds: string[] }>();
    for (const one of deliveries) {
        const fate = JSON.stringify([one.destination, one.state, one.reason]);
        const group = found.get(fate) ?? { one, kinds: [] };
        group.kinds.push(named(words.files.kinds, one.kind));
        found.set(fate, group);
    }
    return [...found.values()];
}
