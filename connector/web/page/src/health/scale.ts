/** Where things stand in a plot. Pure. */

import type { Bucket, BucketKind } from "./statistics";

const dayName = new Intl.DateTimeFormat(undefined, { weekday: "short" });
const utcDay = new Intl.DateTimeFormat(undefined, { day: "2-digit", month: "short", timeZone: "UTC" });
const hour = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const weekday = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "2-digit", month: "short" });
const utcWeekday = new Intl.DateTimeFormat(undefined, {
    weekday: "short",
    day: "2-digit",
    month: "short",
    timeZone: "UTC",
});

/** A round number that nothing goes beyond; at least 4, so that its quarters are whole calls. */
export function topOf(most: number): number {
    const size = 10 ** Math.floor(Math.log10(Math.max(most, 1)));
    const top = [1, 2, 3, 4, 6, 8, 10].map((step) => step * size).find((one) => one >= most) ?? 10 * size;
    return Math.max(top, 4);
}

export function nameOf(at: string, bucket: BucketKind): string {
    const moment = new Date(at);
    return bucket === "day" ? utcWeekday.format(moment) : `${weekday.format(moment)}, ${hour.format(moment)}`;
}

export interface Tick {
    readonly at: number;
    readonly text: string;
}

/** So much of the width a text takes to both sides: what is nearer to an edge is left out. */
const HALF_A_TEXT = 0.03;

/** What is written below: every fourth hour of a day, every midnight of a week, every fifth day of a month. */
export function ticksOf(buckets: readonly Bucket[], bucket: BucketKind): Tick[] {
    if (bucket === "day") {
        return ticks(buckets, (_, index) => (buckets.length - 1 - index) % 5 === 0, utcDay);
    }
    return buckets.length > 48
        ? ticks(buckets, (moment) => moment.getHours() === 0, dayName)
        : ticks(buckets, (moment) => moment.getHours() % 4 === 0, hour);
}

function ticks(
    buckets: readonly Bucket[],
    isOne: (moment: Date, index: number) => boolean,
    format: Intl.DateTimeFormat,
): Tick[] {
    const moments = buckets.map((one) => new Date(one.at));
    return moments.flatMap((moment, at) => {
        const place = (at + 0.5) / moments.length;
        const hasRoom = place > HALF_A_TEXT && place < 1 - HALF_A_TEXT;
        return hasRoom && isOne(moment, at) ? [{ at, text: format.format(moment) }] : [];
    });
}
