/** Filters in words, for chips and for the list that finds nothing. */

import { dayOf, momentOf } from "../format";
import { words } from "../words/calls";
import { type Filters, isDay, NAMES, type Name, statesOf } from "./filters";

export interface Said {
    readonly name: Name;
    readonly label: string;
    readonly value: string;
}

export function saidOf(filters: Filters): Said[] {
    return NAMES.flatMap((name) => {
        const value = filters[name];
        return value === undefined ? [] : [{ name, label: words.names[name], value: inWords(name, value) }];
    });
}

/** What the recording is, as people ask for it; each stands for one or more of its states. */
export const SOUNDS_ASKED = {
    available: "available",
    recording: "requested,recording",
    paused: "paused",
    on_its_way: "captured,rendered",
    failed: "failed-at-capture,failed-at-render,failed-at-store",
    erased: "removing,removed",
} as const;
type SoundAsked = keyof typeof SOUNDS_ASKED;
export const SOUND_NAMES = Object.keys(SOUNDS_ASKED) as SoundAsked[];

function inWords(name: Name, value: string): string {
    switch (name) {
        case "from_date":
        case "to_date":
            return dateOf(value);
        case "recording_state":
            return stateOf(value);
        case "direction":
            return wordOf(words.directions, value);
        case "status":
            return wordOf(words.statuses, value);
        case "kind":
            return wordOf(words.kinds, value);
        default:
            return value;
    }
}

function dateOf(said: string): string {
    // A day without a time of day would be read as UTC's.
    if (isDay(said)) return dayOf(`${said}T00:00:00`);
    return Number.isNaN(Date.parse(said)) ? said : momentOf(said);
}

function stateOf(said: string): string {
    const name = SOUND_NAMES.find((one) => SOUNDS_ASKED[one] === said);
    if (name) return words.soundsAsked[name];
    return statesOf(said)
        .map((state) => wordOf(words.states, state))
        .join(", ");
}

function wordOf(known: Readonly<Record<string, string>>, value: string): string {
    return Object.hasOwn(known, value) ? (known[value] ?? value) : value;
}
