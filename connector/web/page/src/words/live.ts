/** Words of the live view. */

import { numberOf } from "../format";

const plural = (count: number, one: string, many: string): string => `${numberOf(count)} ${count === 1 ? one : many}`;

export const words = {
    title: "Live calls",
    nothing: "No calls at the moment. They appear here as they begin.",
    nothingFits: "None of the live calls fits what you look for.",
    summary: (count: { calls: number; recorded: number; paused: number }): string =>
        [
            plural(count.calls, "call", "calls"),
            `${numberOf(count.recorded)} recorded`,
            ...(count.paused ? [`${numberOf(count.paused)} of them paused`] : []),
        ].join(", "),
    of: (fitting: number, all: number): string => `${numberOf(fitting)} of ${numberOf(all)}`,
    isCut: (most: number): string =>
        `There are more calls than are followed here: these are the newest ${numberOf(most)}, and nothing else is counted or found.`,
    firstOf: (shown: number, all: number): string =>
        `The ${numberOf(shown)} that began first are shown, of ${numberOf(all)}. Others are found by number, agent or queue.`,
    more: "Show more",
    find: "Find",
    findHelp: "a number, an agent, a queue",
    connection: { connecting: "Connecting …", live: "Live", lost: "Reconnecting …" },
    isOld: "The connection is lost, and is being tried again. What stands here may be old.",

    columns: {
        since: "Since",
        direction: "Direction",
        from: "From",
        to: "To",
        agent: "Agent",
        queue: "Queue",
        organisation: "Organisation",
        recording: "Recording",
        orders: "Orders",
    },
    directions: { inbound: "inbound", outbound: "outbound", internal: "internal", unknown: "direction unknown" },
    arrows: { inbound: "↘", outbound: "↗", internal: "↔", unknown: "·" },
    conference: "conference",
    present: (count: number): string => plural(count, "participant", "participants"),
    noNumber: "no number",
    ringing: "ringing",
    began: (began: string, answered: string | null): string =>
        answered === null ? `began ${began}, not answered yet` : `began ${began}, answered ${answered}`,
    ended: "Ended",
    endedAt: (moment: string): string => `ended ${moment}`,
    open: "Open the call",
    details: "Details",

    standings: {
        recording: "Recording",
        paused: "Paused",
        starting: "Starting …",
        awaited: "Will be recorded",
        undecided: "Not decided yet",
        off: "Not recorded",
        stopped: "Stopped",
        failed: "Failed",
    },
    actions: { start: "Record", stop: "Stop", pause: "Pause", resume: "Resume" },
    underWay: { start: "Starting …", stop: "Stopping …", pause: "Pausing …", resume: "Resuming …" },
    refused: { start: "Not started:", stop: "Not stopped:", pause: "Not paused:", resume: "Not resumed:" },
    /** A button's name for who does not see its row. */
    about: (action: string, whose: string): string => `${action}: ${whose}`,
    between: (from: string, to: string): string => `${from} → ${to}`,

    keys: "Keys",

    dial: "Place a call",
    dialHelp: "The phone rings first; once it is taken up, the number is called.",
    dialFields: {
        to_number: "Number to call",
        from_number: "Number that is shown",
        endpoint_id: "Phone that rings",
        agent: "Agent",
        recording: "Record it",
    },
    dialOptional: "not needed if only one is configured",
    recordingChoices: { rules: "as the rules say", yes: "yes", no: "no" },
    dialNow: "Call",
    dialing: "The phone rings …",
    dialAnswered: "The phone was taken up; the number is being called.",
    dialFailed: (why: string): string => `It came to nothing: ${why}`,
} as const;

interface Key {
    readonly keys: string;
    readonly does: string;
}

/** What keys do in this view: the arrows and those below them while a call has the focus. */
export const liveKeys: readonly Key[] = [
    { keys: "/", does: "Find" },
    { keys: "↓ ↑", does: "The call below or above" },
    { keys: "Home End", does: "The first or the last call" },
    { keys: "Enter", does: "Open the call" },
    { keys: "?", does: "This help" },
];

/** And for who may give orders. */
export const orderKeys: readonly Key[] = [
    { keys: "r", does: "Record it" },
    { keys: "s", does: "Stop its recording" },
    { keys: "p", does: "Pause its recording, or resume it" },
];
