import { useMemo } from "preact/hooks";
import { turn } from "../address";
import { Trouble } from "../parts/trouble";
import { words as frame } from "../words/frame";
import { words } from "../words/health";
import { FiguresTable } from "./figures_table";
import { useLooking } from "./looking";
import { Plot, type Series } from "./plot";
import { isRange, RANGES, type Range, type Statistics, statisticsOf } from "./statistics";
import "./figures.css";

const { figures: said } = words;

const CALLS: readonly Series[] = [
    { name: said.columns.answered, kind: "answered", of: (one) => one.answered },
    { name: said.columns.unanswered, kind: "unanswered", of: (one) => one.calls - one.answered },
];
const LOST: readonly Series[] = [
    { name: said.columns.failed, kind: "failed", of: (one) => one.failed },
    { name: said.columns.not_recorded, kind: "not-recorded", of: (one) => one.not_recorded },
];

/** How it was: calls, and those of which nothing is to be heard. */
export function Figures({ query }: { query: URLSearchParams }) {
    const wanted = query.get("range") ?? "";
    const range = isRange(wanted) ? wanted : "24h";
    const [looked, again] = useLooking((signal) => statisticsOf(range, signal), [range]);
    return (
        <section class="figures" aria-labelledby="figures-title">
            <div class="bar">
                <h2 id="figures-title">{said.title}</h2>
                <RangeChoice range={range} />
            </div>
            {looked.error !== undefined && <Trouble error={looked.error} again={again} />}
            {looked.value ? (
                <Plots statistics={looked.value} />
            ) : (
                looked.error === undefined && <p class="loading">{frame.loading}</p>
            )}
        </section>
    );
}

function RangeChoice({ range }: { range: Range }) {
    return (
        <select aria-label={said.range} value={range} onChange={(event) => turn({ range: event.currentTarget.value })}>
            {RANGES.map((one) => (
                <option key={one} value={one}>
                    {said.ranges[one]}
                </option>
            ))}
        </select>
    );
}

function Plots({ statistics }: { statistics: Statistics }) {
    const { bucket, buckets } = statistics;
    const table = useMemo(() => <FiguresTable statistics={statistics} />, [statistics]);
    return (
        <>
            <div class="plots">
                <Plot title={said.calls[bucket]} bucket={bucket} buckets={buckets} series={CALLS} />
                <Plot title={said.lost[bucket]} bucket={bucket} buckets={buckets} series={LOST} />
            </div>
            {bucket === "day" && <p class="help">{said.days}</p>}
            <details>
                <summary>{said.asTable}</summary>
                {table}
            </details>
        </>
    );
}
