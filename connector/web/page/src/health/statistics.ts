/** Calls over time as the API counts them, and which time is meant. */

import { api, type Bodies, told } from "../api/client";

export type Statistics = Bodies["StatisticsBody"];
export type Bucket = Statistics["buckets"][number];
export type BucketKind = Statistics["bucket"];

export const RANGES = ["24h", "7d", "30d"] as const;
export type Range = (typeof RANGES)[number];

const HOUR = 3_600_000;
/** From so long ago, the bucket of now being one of them. */
const SPANS: Record<Range, { bucket: BucketKind; milliseconds: number }> = {
    "24h": { bucket: "hour", milliseconds: 23 * HOUR },
    "7d": { bucket: "hour", milliseconds: (7 * 24 - 1) * HOUR },
    "30d": { bucket: "day", milliseconds: 29 * 24 * HOUR },
};

export function isRange(text: string): text is Range {
    return RANGES.some((one) => one === text);
}

export function statisticsOf(range: Range, signal: AbortSignal): Promise<Statistics> {
    const { bucket, milliseconds } = SPANS[range];
    const from_date = new Date(Date.now() - milliseconds).toISOString();
    return told(api.GET("/v1/statistics", { params: { query: { bucket, from_date } }, signal }));
}
