import { momentOf } from "../format";
import { Trouble } from "../parts/trouble";
import { words } from "../words/health";
import type { Health } from "./health";
import type { Looked } from "./looking";

/** Whether somebody has to do something, and what: before all numbers. */
export function Verdict({ looked, health, again }: { looked: Looked<Health>; health: Health; again: () => void }) {
    const at = looked.at ? momentOf(looked.at.toISOString()) : words.unknown;
    return (
        <header class={health.is_well ? "verdict good" : "verdict bad"}>
            <div role="status">
                <h1>{said(health)}</h1>
            </div>
            {health.problems && health.problems.length > 0 && (
                <ul>
                    {health.problems.map((problem) => (
                        <li key={problem}>
                            <bdi>{problem}</bdi>
                        </li>
                    ))}
                </ul>
            )}
            {!health.problems && !health.is_well && <p>{words.ownUnwellHelp}</p>}
            {looked.error === undefined ? (
                <p class="help">{words.asOf(at, health.node)}</p>
            ) : (
                <>
                    <Trouble error={looked.error} again={again} />
                    <p class="help">{words.isOld(at)}</p>
                </>
            )}
        </header>
    );
}

function said(health: Health): string {
    if (health.is_well) return words.well;
    return health.problems ? words.unwell(health.problems.length) : words.ownUnwell;
}
