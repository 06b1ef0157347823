import type { Call, Recording } from "../../api/client";
import { momentOf } from "../../format";
import { words } from "../../words/call_facts";
import { isKept } from "./absence";
import { Deleting } from "./deleting";
import { Extending } from "./extending";
import { Holding } from "./holding";
import { Section } from "./section";
import "./keeping.css";

/** Copies of a removed recording that a deletion still reaches, or tries to. */
const REMAINS: ReadonlySet<string> = new Set(["left", "undeletable"]);

/** How long, under a hold, or no longer: what administrators decide. It holds for all recordings of the call. */
export function Keeping({ call, reload }: { call: Call; reload: () => void }) {
    const isThere = call.recordings.some(isKept);
    const isLeft = call.recordings.some(hasRemains);
    return (
        <Section name="keeping" aside={<Ends call={call} />}>
            {() => (
                <>
                    {isThere && call.recordings.length > 1 && <p class="help">{words.keeping.forAll}</p>}
                    {isThere && <Extending call={call} reload={reload} />}
                    {isThere && <Holding call={call} reload={reload} />}
                    {!isThere && <p class="help">{words.keeping.nothing}</p>}
                    <Deleting call={call} reload={reload} canDelete={isThere || isLeft} />
                </>
            )}
        </Section>
    );
}

/** Words may have days of their own. */
function hasRemains(recording: Recording): boolean {
    return recording.transcript_state === "done" || recording.deliveries.some((copy) => REMAINS.has(copy.state));
}

function Ends({ call }: { call: Call }) {
    if (call.recordings.some((one) => one.hold)) return <strong class="held">{words.about.held}</strong>;
    const ends = call.recordings.filter(isKept).flatMap((one) => one.expires_at ?? []);
    const first = ends.sort()[0];
    return <span>{first && momentOf(first)}</span>;
}
