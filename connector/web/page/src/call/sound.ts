/** Which file of a recording is played, who is on which side of it, and where its bytes are. Pure but for asking the
 * browser what it plays. */

import type { Bodies, Recording } from "../api/client";
import { words } from "../words/call";

export type File = Bodies["RecordingFileBody"];
export type Kind = keyof typeof words.kinds;
export type Side = "left" | "right";

export interface Speaker {
    readonly side: Side;
    readonly role: "caller" | "agent";
    readonly party: string;
}

export interface Sound {
    readonly kind: Kind;
    readonly address: string;
    readonly seconds: number;
    /** Whether both sides can be told apart in it. */
    readonly isApart: boolean;
    /** It is made into another form while it is read: only what has come already can be sought in. */
    readonly isMade: boolean;
}

const MEDIA: Readonly<Record<string, string>> = {
    mp3: "audio/mpeg",
    wav: "audio/wav",
    flac: "audio/flac",
    opus: 'audio/ogg; codecs="opus"',
};
/** What we would rather play. */
const PLAYED: readonly Kind[] = ["stereo", "mono", "left", "right"];

export function isKind(kind: string): kind is Kind {
    return kind in words.kinds;
}

/** The files that a destination holds. */
export function stored(recording: Recording): File[] {
    // Its copies may be there still; nobody is given them any more.
    if (recording.state === "removing" || recording.state === "removed") return [];
    const there = new Set(recording.deliveries.filter((one) => one.state === "stored").map((one) => one.kind));
    return recording.files.filter((one) => there.has(one.kind) && isKind(one.kind));
}

export function soundAddress(recordingId: string, kind: Kind, format?: string): string {
    const query = new URLSearchParams(format ? { kind, format } : { kind });
    return `/v1/recordings/${encodeURIComponent(recordingId)}/stream?${query}`;
}

/** Null: nothing of it can be heard. What is stored and can be played goes before what has to be made. */
export function soundOf(recording: Recording, plays: (media: string) => boolean = browserPlays): Sound | null {
    const files = stored(recording);
    const wished = PLAYED.flatMap((kind) => files.filter((one) => one.kind === kind));
    const file = wished.find((one) => plays(MEDIA[one.format] ?? "")) ?? wished[0];
    if (!file) return null;
    const kind = file.kind as Kind;
    const isMade = !plays(MEDIA[file.format] ?? "");
    return {
        kind,
        address: soundAddress(recording.id, kind, isMade ? "mp3" : undefined),
        seconds: file.duration_seconds,
        isApart: kind === "stereo",
        isMade,
    };
}

function browserPlays(media: string): boolean {
    return media !== "" && document.createElement("audio").canPlayType(media) !== "";
}

/** Who is on the left, who on the right; empty where there are more than two, as in a conference. */
export function speakersOf(recording: Recording): Speaker[] {
    if (recording.channels.length !== 2) return [];
    return recording.channels.map((one) => ({
        side: one.index === 0 ? "left" : "right",
        role: one.role,
        party: one.party,
    }));
}

export function nameOf(one: { role: "caller" | "agent"; party: string }): string {
    return one.party ? `${words.roles[one.role]} ${one.party}` : words.roles[one.role];
}
