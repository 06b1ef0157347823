/** The calls of this moment: from the server's answers and from what it tells, whichever is newer. Pure. */

import type { LiveEvent } from "./events";
import { callAfter, type LiveCall, situationOf } from "./live_call";

/** In the order in which they began: a new one comes below all others. */
export type CallsNow = ReadonlyMap<string, LiveCall>;

export function callsAfter(calls: CallsNow, event: LiveEvent): CallsNow {
    const before = calls.get(event.call.id);
    const call = callAfter(event, before);
    if (!before && call.ended_at !== null) return calls;
    return new Map(calls).set(call.id, call);
}

/** What the server answered when it was asked who lives. */
export interface Told {
    readonly calls: readonly LiveCall[];
    /** There are more than were asked for: all that began later are among these. Null: there are no others. */
    readonly since: string | null;
}

/** Whoever is no longer among those that were told has ended by `now` at the latest; what began too long ago to be told
 * is followed no more. `meanwhile`: what was heard while the answer was on its way, and may be newer. */
export function callsTold(calls: CallsNow, told: Told, meanwhile: readonly LiveEvent[], now: string): CallsNow {
    const living = new Map(told.calls.map((call) => [call.id, call]));
    const { since } = told;
    const next = new Map<string, LiveCall>();
    for (const [id, call] of calls) {
        const known = living.get(id);
        if (known) next.set(id, known);
        else if (since === null || call.created_at > since) next.set(id, { ...call, ended_at: call.ended_at ?? now });
    }
    const begun = told.calls.filter((call) => !calls.has(call.id));
    begun.sort((one, other) => one.created_at.localeCompare(other.created_at));
    for (const call of begun) next.set(call.id, call);
    return meanwhile.reduce<CallsNow>(callsAfter, next);
}

/** One of them as the server answered when it was asked for it alone. */
export function callTold(calls: CallsNow, call: LiveCall, meanwhile: readonly LiveEvent[]): CallsNow {
    if (!calls.has(call.id)) return calls;
    return meanwhile
        .filter((event) => event.call.id === call.id)
        .reduce<CallsNow>(callsAfter, new Map(calls).set(call.id, call));
}

/** Where somebody's hands are: nothing there goes away or moves. */
export interface Hands {
    readonly focused: string | null;
    readonly pointed: string | null;
}

/** Without those that ended before `moment`, but for what is above the one that is pointed at, which would move it. */
export function withoutEnded(calls: CallsNow, moment: number, hands: Hands): CallsNow {
    const pointed = hands.pointed === null ? -1 : [...calls.keys()].indexOf(hands.pointed);
    const kept = [...calls].filter(
        ([id, call], place) =>
            call.ended_at === null || Date.parse(call.ended_at) >= moment || place <= pointed || id === hands.focused,
    );
    return kept.length === calls.size ? calls : new Map(kept);
}

export interface Count {
    readonly calls: number;
    readonly recorded: number;
    readonly paused: number;
}

export function countOf(calls: Iterable<LiveCall>): Count {
    const count = { calls: 0, recorded: 0, paused: 0 };
    for (const call of calls) {
        if (call.ended_at !== null) continue;
        const { is } = situationOf(call);
        count.calls += 1;
        if (is === "recording" || is === "paused") count.recorded += 1;
        if (is === "paused") count.paused += 1;
    }
    return count;
}
