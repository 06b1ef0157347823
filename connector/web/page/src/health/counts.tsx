import { href } from "../address";
import { numberOf } from "../format";
import { Link } from "../parts/link";
import { words } from "../words/health";
import { Card } from "./card";

const { counts: said } = words;
const STATES = Object.keys(said.states);

interface Props {
    title: string;
    counts: Readonly<Record<string, number>>;
    /** Each state leads to the calls that have such a recording. */
    isOfCalls?: boolean;
}

/** How many are in each state, from the beginning of their way to its end. */
export function Counts({ title, counts, isOfCalls = false }: Props) {
    const states = Object.entries(counts).sort(([one], [other]) => STATES.indexOf(one) - STATES.indexOf(other));
    return (
        <Card title={title}>
            {states.length === 0 && <p class="help">{said.none}</p>}
            <dl class="counts">
                {states.map(([state, count]) => (
                    <div key={state} class={state.startsWith("failed") ? "count failed" : "count"}>
                        <dt>
                            {isOfCalls ? (
                                <Link href={href("calls", { recording_state: state })}>{nameOf(state)}</Link>
                            ) : (
                                nameOf(state)
                            )}
                        </dt>
                        <dd>{numberOf(count)}</dd>
                    </div>
                ))}
            </dl>
        </Card>
    );
}

function nameOf(state: string): string {
    return said.states[state] ?? state;
}
