/** The list as the address asks for it, kept right by what happens. */

import { useEffect, useState, useSyncExternalStore } from "preact/compat";
import { type Connection, useEvents } from "../live/events";
import type { Filters } from "./filters";
import { Calls, type Listing } from "./listing";

export interface Followed {
    readonly calls: Calls;
    readonly listing: Listing;
    readonly connection: Connection;
}

/** `search`: the filters as a text, to see that they are others. */
export function useCalls(filters: Filters, search: string): Followed {
    const [calls] = useState(() => new Calls());
    const [connection, setConnection] = useState<Connection>("connecting");
    const listing = useSyncExternalStore(calls.subscribe, calls.now);

    useEffect(() => calls.ask(filters), [calls, search]);
    useEffect(() => () => calls.leave(), [calls]);
    // Where nothing is listed, nothing can jump.
    useEffect(() => {
        if (listing.newer > 0 && listing.rows.length === 0) calls.ask(filters);
    }, [listing]);
    useEvents((news) => {
        if (news.type === "connection") setConnection(news.is);
        else if (news.type === "resync") void calls.catchUp();
        else calls.hear(news);
    });
    return { calls, listing, connection };
}
