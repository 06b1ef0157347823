/** Takes away what the filters find: the recordings as a ZIP, the transcripts as a table. */

import { Button } from "../parts/button";
import { Dialog } from "../parts/dialog";
import { words } from "../words/calls";
import { words as frame } from "../words/frame";
import { asked, type Filters, isAny } from "./filters";
import type { Listing } from "./listing";
import { saidOf } from "./said";

/** The server refuses more. */
const MOST_RECORDINGS = 10_000;

export function HandingOut({ listing, onClose }: { listing: Listing; onClose: () => void }) {
    const { filters, rows } = listing;
    const isTooMany = rows.length > MOST_RECORDINGS;
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
            <p class="help">
                {isTooMany ? words.handOutTooMany(MOST_RECORDINGS) : words.handOutLimit(MOST_RECORDINGS)}{" "}
                {words.handOutLog}
            </p>
            <form method="dialog" class="choices">
                {!isTooMany && <Take from="/v1/recordings/batch" filters={filters} said={words.recordings} />}
                <Take from="/v1/transcripts/export" filters={filters} format="csv" said={words.transcriptsCsv} />
                <Take from="/v1/transcripts/export" filters={filters} format="json" said={words.transcriptsJson} />
                <Button type="submit">{frame.close}</Button>
            </form>
        </Dialog>
    );
}

function Take(props: { from: string; filters: Filters; format?: string; said: string }) {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(asked(props.filters))) {
        // As lists of calls have it; among files `kind` is a kind of file.
        const parameter = name === "kind" ? "call_kind" : name;
        for (const one of [value].flat()) query.append(parameter, String(one));
    }
    if (props.format) query.set("format", props.format);
    return (
        <a class="button" href={`${props.from}?${query}`} download>
            {props.said}
        </a>
    );
}
