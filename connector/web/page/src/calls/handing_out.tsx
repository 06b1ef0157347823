/** Takes away what the filters find: the recordings as a ZIP, the transcripts as a table. */

import { api, Problem, told } from "../api/client";
import { bytesOf } from "../format";
import { type Asked, useAsked } from "../parts/asked";
import { Button } from "../parts/button";
import { Dialog } from "../parts/dialog";
import { Trouble } from "../parts/trouble";
import { words } from "../words/calls";
import { words as frame } from "../words/frame";
import { asked, type Filters, isAny } from "./filters";
import type { Listing } from "./listing";
import { saidOf } from "./said";

/** The server refuses more. */
const MOST_RECORDINGS = 10_000;
const TOO_MUCH = 400;

export function HandingOut({ listing, onClose }: { listing: Listing; onClose: () => void }) {
    const { filters } = listing;
    const query = takenBy(filters);
    // A browser that downloads says of a refusal only that it failed: so it is asked before.
    const size = useAsked(
        (signal) => told(api.GET("/v1/recordings/batch/size", { params: { query }, signal })),
        [filters],
    );
    return (
        <Dialog title={words.handOutTitle} onClose={onClose}>
            <p>{isAny(filters) ? words.handOutThese : words.handOutAll}</p>
            <ul>
                {saidOf(filters).map(({ name, label, value }) => (
                    <li key={name}>
                        {label}: <bdi>{value}</bdi>
                    </li>
                ))}
            </ul>
            <HowMuch size={size} />
            <p class="help">
                {words.handOutLimit(MOST_RECORDINGS)} {words.handOutLog}
            </p>
            <form method="dialog" class="choices">
                {size.value && size.value.files > 0 && (
                    <Take from="/v1/recordings/batch" query={query} said={words.recordings} />
                )}
                <Take from="/v1/transcripts/export" query={query} format="csv" said={words.transcriptsCsv} />
                <Take from="/v1/transcripts/export" query={query} format="json" said={words.transcriptsJson} />
                <Button type="submit">{frame.close}</Button>
            </form>
        </Dialog>
    );
}

type Size = { calls: number; files: number; size_bytes: number };

function HowMuch({ size: { value, error, again } }: { size: Asked<Size> }) {
    if (error instanceof Problem && error.status === TOO_MUCH)
        return (
            <p role="alert">
                {words.handOutNot} <bdi>{error.detail}</bdi>
            </p>
        );
    if (error) return <Trouble error={error} again={again} />;
    return (
        <p role="status">
            {value ? words.handOutSize(value.calls, value.files, bytesOf(value.size_bytes)) : words.handOutCounting}
        </p>
    );
}

/** As lists of calls have it; among files `kind` is a kind of file. */
function takenBy(filters: Filters) {
    const { kind, ...others } = asked(filters);
    return { ...others, ...(kind && { call_kind: kind }) };
}

function Take(props: { from: string; query: ReturnType<typeof takenBy>; format?: string; said: string }) {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(props.query)) {
        for (const one of [value].flat()) query.append(name, String(one));
    }
    if (props.format) query.set("format", props.format);
    return (
        <a class="button" href={`${props.from}?${query}`} download>
            {props.said}
        </a>
    );
}
