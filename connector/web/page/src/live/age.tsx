import { clockOf, timeOf } from "../format";
import { words } from "../words/live";
import { useSecond } from "./clock";
import type { LiveCall } from "./live_call";

const since = (call: LiveCall): number => Date.parse(call.created_at) / 1000;

/** For how long a call has lived; grows each second until it ends. */
export function Age({ call }: { call: LiveCall }) {
    const answered = call.answered_at === null ? null : timeOf(call.answered_at);
    return (
        <time datetime={call.created_at} title={words.began(timeOf(call.created_at), answered)}>
            {call.ended_at === null ? <Growing call={call} /> : clockOf(Date.parse(call.ended_at) / 1000 - since(call))}
        </time>
    );
}

function Growing({ call }: { call: LiveCall }) {
    return <>{clockOf(useSecond() - since(call))}</>;
}
