/** Whether a call that an event tells of is among those that are asked for. Pure. What only the catalogue knows (words,
 * rules) is taken to be no. */

import type { LiveEvent } from "../live/events";
import { asked, type Filters, statesOf } from "./filters";

type Test = (event: LiveEvent, wanted: string) => boolean;

const TESTS: Partial<Record<keyof Filters, Test>> = {
    number: ({ call }, wanted) => call.from_number.includes(wanted) || call.to_number.includes(wanted),
    from_number: ({ call }, wanted) => isNumber(call.from_number, wanted),
    to_number: ({ call }, wanted) => isNumber(call.to_number, wanted),
    direction: ({ call }, wanted) => call.direction === wanted,
    status: ({ call }, wanted) => call.status === wanted,
    kind: ({ call }, wanted) => call.kind === wanted,
    agent: ({ call }, wanted) => call.agent.id === wanted || call.agent.name === wanted,
    queue: ({ call }, wanted) => call.queue === wanted,
    tag: ({ call }, wanted) => call.tags.includes(wanted),
    pbx: ({ call }, wanted) => call.pbx === wanted,
    conference: ({ call }, wanted) => call.conference === wanted,
    organisation: ({ call }, wanted) => call.organisation === wanted,
    recording_state: ({ recording }, wanted) => recording !== null && statesOf(wanted).includes(recording.state),
};

export function fits(event: LiveEvent, filters: Filters): boolean {
    const { from_date, to_date, ...others } = filters;
    const moments = asked({ ...(from_date && { from_date }), ...(to_date && { to_date }) });
    const at = Date.parse(event.call.created_at);
    if (moments.from_date && at < Date.parse(moments.from_date)) return false;
    if (moments.to_date && at >= Date.parse(moments.to_date)) return false;
    return Object.entries(others).every(([name, wanted]) => TESTS[name as keyof Filters]?.(event, wanted) ?? false);
}

function isNumber(number: string, wanted: string): boolean {
    return wanted.endsWith("*") ? number.startsWith(wanted.slice(0, -1)) : number === wanted;
}
