/** How the list stands: what is newer, what is wrong, how much of it is here. */

import { turn } from "../address";
import type { Connection } from "../live/events";
import { Button } from "../parts/button";
import { Trouble as Said } from "../parts/trouble";
import { words } from "../words/calls";
import { soundOf } from "./cells";
import { type Listing, MOST_ROWS } from "./listing";
import type { Row } from "./row";

export function Newer({ count, show }: { count: number; show: () => void }) {
    return (
        <div class="newer" role="status">
            {count > 0 && (
                <Button kind="primary" aria-keyshortcuts="n" title={words.newerHelp(count)} onClick={show}>
                    ↑ {words.newer(count)}
                </Button>
            )}
        </div>
    );
}

export function Trouble({ listing, again }: { listing: Listing; again: () => void }) {
    if (!listing.trouble) return null;
    return (
        <div class="troubled">
            <Said error={listing.trouble} again={again} />
            {listing.rows.length > 0 && <p class="help">{words.isOld}</p>}
        </div>
    );
}

interface BelowProps {
    listing: Listing;
    connection: Connection;
    active: Row | undefined;
}

/** The line below the list: how many there are, and in full what has no room in a row. */
export function Below({ listing, connection, active }: BelowProps) {
    const { rows, hasMore, isAwaited } = listing;
    const isFull = hasMore && rows.length >= MOST_ROWS;
    return (
        <footer class="below">
            <span class="count">{!isAwaited && rows.length > 0 && words.counted(rows.length, hasMore)}</span>
            {isFull && <GoOn last={rows.at(-1)} />}
            {connection === "lost" && <span class="not-live">{words.notLive}</span>}
            {active && (active.reason || active.isHeld) && <bdi class="full">{soundOf(active)}</bdi>}
        </footer>
    );
}

/** From the moment of the last one on; that one is seen twice rather than its neighbour never. */
function GoOn({ last }: { last: Row | undefined }) {
    if (!last) return null;
    const to = new Date(Date.parse(last.at) + 1).toISOString();
    return <Button onClick={() => turn({ to_date: to })}>{words.goOn}</Button>;
}
