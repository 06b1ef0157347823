import type { Call } from "../../api/client";
import { may } from "../../session/session";
import { About } from "./about";
import { Deliveries } from "./deliveries";
import "./facts.css";
import { Files } from "./files";
import { Keeping } from "./keeping";
import { Marks } from "./marks";
import { Notifications } from "./notifications";
import { Parties } from "./parties";

export { WhyNothing } from "./why_nothing";

/** All of the call that is not heard or read. `reload`: something of it was changed here. */
export function CallFacts({ call, reload }: { call: Call; reload: () => void }) {
    return (
        <div class="call-facts">
            <About call={call} />
            <Parties call={call} />
            <Marks key={call.id} call={call} reload={reload} />
            {call.recordings.length > 0 && <Files call={call} />}
            {call.recordings.length > 0 && <Deliveries key={call.id} call={call} reload={reload} />}
            {may("admin") && <Notifications key={call.id} callId={call.id} />}
            {may("admin") && call.recordings.length > 0 && <Keeping key={call.id} call={call} reload={reload} />}
        </div>
    );
}
