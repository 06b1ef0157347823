/** What is not in the sound, and where on its clock: gaps, holds, pauses. Pure. */

import type { Bodies, Call, Recording } from "../api/client";
import { words } from "../words/call";
import { type Side, speakersOf } from "./sound";

export type StretchKind = keyof typeof words.stretches;

export interface Marked {
    readonly kind: StretchKind;
    readonly start: number;
    readonly end: number;
    /** Null: both. */
    readonly side: Side | null;
    readonly who: string;
    readonly reason: string;
}

interface Span {
    readonly start: number;
    readonly end: number;
}

const OF_GAP: Readonly<Record<Bodies["GapKind"], StretchKind>> = { missing: "gap", hold: "hold", quiet: "quiet" };
/** Stamps are not exacter. */
const TOLERANCE_SECONDS = 1;

export function markedOf(call: Call, recording: Recording): Marked[] {
    const clock = clockOf(recording);
    const holds = clock ? holdsOf(call, clock) : [];
    const pauses = clock ? pausesOf(clock) : [];
    // What was silent because of a hold is said once.
    const isHeld = (gap: Marked) =>
        gap.kind === "hold" && holds.some((one) => one.start <= gap.end && gap.start <= one.end);
    const gaps = gapsOf(recording).filter((gap) => !isHeld(gap));
    return [...gaps, ...holds, ...pauses].sort((one, other) => one.start - other.start || one.end - other.end);
}

export function sentenceOf(one: Marked): string {
    return `${words.stretches[one.kind]}${one.who && ` ${one.who}`}: ${one.reason}`;
}

function gapsOf(recording: Recording): Marked[] {
    const areTwo = speakersOf(recording).length === 2;
    return recording.gaps.map((gap) => ({
        kind: OF_GAP[gap.kind],
        start: gap.start_seconds,
        end: gap.end_seconds,
        side: areTwo ? gap.side : null,
        who: gap.party,
        reason: gap.reason,
    }));
}

function pausesOf(clock: Clock): Marked[] {
    const reason = clock.areCut ? words.cut : words.paused;
    return clock.pauses.map((pause) => ({ ...clock.placed(pause), kind: "pause", side: null, who: "", reason }));
}

function holdsOf(call: Call, clock: Clock): Marked[] {
    return call.legs.flatMap((leg) =>
        leg.holds
            .map((hold) => clock.placed(clock.span(hold)))
            .filter((span) => span.end > span.start)
            .map((span) => ({
                ...span,
                kind: "hold" as const,
                side: null,
                who: leg.number || leg.name,
                reason: words.held,
            })),
    );
}

/** From the wall's clock to the sound's. */
interface Clock {
    readonly pauses: readonly Span[];
    /** Pauses take no time in the sound. */
    readonly areCut: boolean;
    /** Seconds since it began, pauses included. */
    readonly span: (said: { started_at: string; ended_at: string | null }) => Span;
    readonly placed: (span: Span) => Span;
}

/** Null: it has no sound. */
function clockOf(recording: Recording): Clock | null {
    const { started_at, ended_at, duration_seconds } = recording;
    if (started_at === null || duration_seconds === null) return null;
    const began = Date.parse(started_at);
    const lasted = ended_at === null ? duration_seconds : (Date.parse(ended_at) - began) / 1000;
    const seconds = (moment: string) => Math.min(Math.max(0, (Date.parse(moment) - began) / 1000), lasted);
    const span: Clock["span"] = (said) => ({
        start: seconds(said.started_at),
        end: said.ended_at === null ? lasted : seconds(said.ended_at),
    });
    const pauses = recording.pauses.map(span);
    const paused = pauses.reduce((sum, one) => sum + one.end - one.start, 0);
    const areCut = paused > TOLERANCE_SECONDS && duration_seconds < lasted - paused / 2;
    const cutBefore = (at: number) =>
        areCut ? pauses.reduce((sum, one) => sum + Math.max(0, Math.min(one.end, at) - one.start), 0) : 0;
    const place = (at: number) => Math.min(at - cutBefore(at), duration_seconds);
    return { pauses, areCut, span, placed: ({ start, end }) => ({ start: place(start), end: place(end) }) };
}
