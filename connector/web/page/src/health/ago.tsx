import { momentOf } from "../format";

const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
const UNITS = [
    ["day", 86_400],
    ["hour", 3600],
    ["minute", 60],
    ["second", 1],
] as const;

/** A moment as it lies from now, in full for who asks. */
export function Ago({ at }: { at: string }) {
    return (
        <time dateTime={at} title={momentOf(at)}>
            {agoOf(at, Date.now())}
        </time>
    );
}

export function agoOf(at: string, now: number): string {
    const seconds = (new Date(at).getTime() - now) / 1000;
    const [unit, size] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? UNITS[3];
    return relative.format(Math.trunc(seconds / size), unit);
}
