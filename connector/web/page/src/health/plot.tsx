import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { numberOf } from "../format";
import { words } from "../words/health";
import { nameOf, ticksOf, topOf } from "./scale";
import type { Bucket, BucketKind } from "./statistics";

const { figures: said } = words;

export interface Series {
    readonly name: string;
    /** Its colour, by a class. */
    readonly kind: "answered" | "unanswered" | "failed" | "not-recorded";
    readonly of: (bucket: Bucket) => number;
}

interface Props {
    title: string;
    bucket: BucketKind;
    buckets: readonly Bucket[];
    /** The first one stands lowest. */
    series: readonly Series[];
}

const QUARTERS = [1, 0.75, 0.5, 0.25, 0];

/** Bars over time, one upon the other. Whoever points at one, or goes there by the arrow keys, is told its numbers. */
export function Plot({ title, bucket, buckets, series }: Props) {
    const [chosen, setChosen] = useState<number | null>(null);
    const top = topOf(Math.max(0, ...buckets.map((one) => sumOf(one, series))));
    const shown = chosen === null ? undefined : buckets[chosen];
    return (
        <figure class="plot">
            <figcaption>
                <span>{title}</span>
                <Legend series={series} />
            </figcaption>
            <div class="field">
                <div class="scale" aria-hidden="true">
                    {QUARTERS.map((quarter) => (
                        <span key={quarter}>{Number.isInteger(top * quarter) ? numberOf(top * quarter) : ""}</span>
                    ))}
                </div>
                <Reading
                    title={title}
                    bucket={bucket}
                    buckets={buckets}
                    series={series}
                    chosen={chosen}
                    choose={setChosen}
                >
                    <Bars buckets={buckets} series={series} top={top} chosen={chosen} />
                </Reading>
                <Ticks buckets={buckets} bucket={bucket} />
                {shown && chosen !== null && (
                    <div
                        class={chosen * 2 > buckets.length ? "told left" : "told"}
                        aria-hidden="true"
                        style={placeOf(chosen, buckets)}
                    >
                        <strong>{nameOf(shown.at, bucket)}</strong>
                        {series.map((one) => (
                            <span key={one.kind} class={`plot-swatch ${one.kind}`}>
                                {said.sum(one.name, one.of(shown))}
                            </span>
                        ))}
                    </div>
                )}
            </div>
        </figure>
    );
}

interface ReadingProps extends Props {
    chosen: number | null;
    choose: (index: number | null) => void;
    children: ComponentChildren;
}

/** A slider over time, whose value is what the bars there say. */
function Reading({ title, bucket, buckets, series, chosen, choose, children }: ReadingProps) {
    const last = buckets.length - 1;
    const now = chosen ?? last;
    const here = buckets[now];

    function pressed(event: KeyboardEvent): void {
        const steps: Record<string, number> = {
            ArrowLeft: now - 1,
            ArrowDown: now - 1,
            ArrowRight: now + 1,
            ArrowUp: now + 1,
            PageDown: now - 10,
            PageUp: now + 10,
            Home: 0,
            End: last,
        };
        const next = steps[event.key];
        if (event.key === "Escape") choose(null);
        if (next === undefined) return;
        event.preventDefault();
        choose(Math.min(Math.max(next, 0), last));
    }

    function pointed(event: PointerEvent & { currentTarget: HTMLElement }): void {
        const box = event.currentTarget.getBoundingClientRect();
        const index = Math.floor(((event.clientX - box.left) / box.width) * buckets.length);
        choose(Math.min(Math.max(index, 0), last));
    }

    return (
        <div
            class="bars"
            role="slider"
            tabIndex={0}
            aria-label={`${title}. ${said.howTo}`}
            aria-valuemin={0}
            aria-valuemax={Math.max(last, 0)}
            aria-valuenow={Math.max(now, 0)}
            aria-valuetext={here && spoken(here, bucket, series)}
            onKeyDown={pressed}
            onPointerMove={pointed}
            onPointerDown={pointed}
            onPointerLeave={() => choose(null)}
            onFocus={() => chosen ?? choose(last)}
            onBlur={() => choose(null)}
        >
            {children}
        </div>
    );
}

interface BarsProps {
    buckets: readonly Bucket[];
    series: readonly Series[];
    top: number;
    chosen: number | null;
}

function Bars({ buckets, series, top, chosen }: BarsProps) {
    return (
        <svg viewBox={`0 0 ${buckets.length} ${top}`} preserveAspectRatio="none" aria-hidden="true">
            {QUARTERS.map((quarter) => (
                <line key={quarter} class="grid" x1={0} x2={buckets.length} y1={top * quarter} y2={top * quarter} />
            ))}
            {chosen !== null && <rect class="chosen" x={chosen} y={0} width={1} height={top} />}
            {series.map((one, place) => (
                <path key={one.kind} class={one.kind} d={pathOf(buckets, series.slice(0, place), one, top)} />
            ))}
        </svg>
    );
}

/** All bars of one series as one shape: a month of hours are seven hundred of them. */
function pathOf(buckets: readonly Bucket[], below: readonly Series[], own: Series, top: number): string {
    return buckets
        .map((bucket, index) => {
            const height = own.of(bucket);
            const bottom = top - sumOf(bucket, below);
            return height > 0 ? `M${index + 0.1} ${bottom}v${-height}h0.8v${height}z` : "";
        })
        .join("");
}

function Ticks({ buckets, bucket }: { buckets: readonly Bucket[]; bucket: BucketKind }) {
    return (
        <div class="ticks" aria-hidden="true">
            {ticksOf(buckets, bucket).map((tick) => (
                <span key={tick.at} style={placeOf(tick.at, buckets)}>
                    {tick.text}
                </span>
            ))}
        </div>
    );
}

function Legend({ series }: { series: readonly Series[] }) {
    return (
        <span class="plot-legend">
            {series.map((one) => (
                <span key={one.kind} class={`plot-swatch ${one.kind}`}>
                    {one.name}
                </span>
            ))}
        </span>
    );
}

function sumOf(bucket: Bucket, series: readonly Series[]): number {
    return series.reduce((sum, one) => sum + one.of(bucket), 0);
}

function spoken(here: Bucket, bucket: BucketKind, series: readonly Series[]): string {
    return [nameOf(here.at, bucket), ...series.map((one) => said.sum(one.name, one.of(here)))].join(", ");
}

function placeOf(index: number, buckets: readonly Bucket[]): { left: string } {
    return { left: `${((index + 0.5) / buckets.length) * 100}%` };
}
