import type { Call } from "../../api/client";
import { words } from "../../words/call_facts";
import { Notes } from "./notes";
import { Section } from "./section";
import { Tags } from "./tags";
import "./marks.css";

/** What people wrote to the call. */
export function Marks({ call, reload }: { call: Call; reload: () => void }) {
    const count = call.tags.length + call.notes.length;
    return (
        <Section name="marks" isOpenAtFirst aside={count || null}>
            {() => (
                <>
                    <h4>{words.marks.tags}</h4>
                    <Tags call={call} reload={reload} />
                    <h4>{words.marks.notes}</h4>
                    <Notes call={call} reload={reload} />
                </>
            )}
        </Section>
    );
}
