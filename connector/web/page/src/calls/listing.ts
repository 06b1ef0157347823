/** The calls that fit, as far as they have been fetched: page by page, the newest first. Fetches, keeps, tells who
 * watches; knows no table and no address. */

import { api, type Bodies, type Call, Problem, told } from "../api/client";
import type { LiveEvent } from "../live/events";
import { Meanwhile } from "../live/meanwhile";
import { asked, type Filters } from "./filters";
import { fits } from "./fitting";
import { type Row, rowAfter, rowOf } from "./row";

/** The first page is small, to be there at once; the others are as large as the server gives them. */
const FIRST_PAGE = 100;
const PAGE = 200;
/** What no row shows. With it a page is four times as large, and its words are written down as read. */
const WITHOUT: Bodies["CallPart"][] = ["words", "sound", "legs"];
/** As many as a browser's longest element has room for; beyond them one goes on from the last one's moment. */
export const MOST_ROWS = 200_000;
const FIRST_PAUSE_SECONDS = 2;
const LONGEST_PAUSE_SECONDS = 30;

export interface Listing {
    readonly filters: Filters;
    /** Often the same array as before, with more or other rows in it. */
    readonly rows: readonly Row[];
    /** More of them than have been fetched. */
    readonly hasMore: boolean;
    /** The rows are still those of what was asked before; none: nothing has been answered yet. */
    readonly isAwaited: boolean;
    /** Counts the answers from the newest on: with each the list begins anew. */
    readonly round: number;
    /** Calls that came since and are not among the rows. */
    readonly newer: number;
    readonly trouble: unknown;
}

const NOTHING: Listing = {
    filters: {},
    rows: [],
    hasMore: false,
    isAwaited: true,
    round: 0,
    newer: 0,
    trouble: null,
};

export class Calls {
    #listing = NOTHING;
    #rows: Row[] = [];
    #newer = new Set<string>();
    readonly #meanwhile = new Meanwhile();
    #cursor: string | null = null;
    #leaving = new AbortController();
    #isUnderWay = false;
    #pauseSeconds = FIRST_PAUSE_SECONDS;
    #retrying: ReturnType<typeof setTimeout> | undefined;
    readonly #readers = new Set<() => void>();

    readonly subscribe = (reader: () => void): (() => void) => {
        this.#readers.add(reader);
        return () => this.#readers.delete(reader);
    };

    readonly now = (): Listing => this.#listing;

    /** From the newest on; what is there stays to be seen until the answer comes. */
    ask(filters: Filters): void {
        this.leave();
        this.#leaving = new AbortController();
        this.#pauseSeconds = FIRST_PAUSE_SECONDS;
        this.#become({ filters, isAwaited: true, trouble: null });
        void this.#fetch(null);
    }

    /** The next page, unless it is on its way already. */
    more(): void {
        const { hasMore, isAwaited, trouble, rows } = this.#listing;
        const isWanted = hasMore && !isAwaited && !trouble && rows.length < MOST_ROWS;
        if (isWanted && !this.#isUnderWay) void this.#fetch(this.#cursor);
    }

    /** After trouble: what did not come is asked for again. */
    again(): void {
        clearTimeout(this.#retrying);
        if (!this.#isUnderWay) void this.#fetch(this.#listing.isAwaited ? null : this.#cursor);
    }

    leave(): void {
        clearTimeout(this.#retrying);
        this.#leaving.abort();
        this.#isUnderWay = false;
    }

    hear(event: LiveEvent): void {
        this.#meanwhile.hear(event);
        if (!this.#listing.isAwaited) this.#apply(event);
    }

    /** Events may have been missed: what is newest is looked at anew. Of older rows what they show stays. */
    async catchUp(): Promise<void> {
        if (this.#listing.isAwaited) return;
        const { signal } = this.#leaving;
        try {
            const { answer: page, meanwhile } = await this.#meanwhile.during(this.#page(null, PAGE, signal));
            if (signal.aborted) return;
            this.#merge(this.#rowsOf(page.calls), page.next_cursor === null);
            for (const event of meanwhile) this.#apply(event);
        } catch {
            // The connection that missed them says that it is away; with the next one this is asked again.
        }
    }

    async #fetch(cursor: string | null): Promise<void> {
        const { signal } = this.#leaving;
        this.#isUnderWay = true;
        try {
            const limit = cursor === null ? FIRST_PAGE : PAGE;
            const { answer: page, meanwhile } = await this.#meanwhile.during(this.#page(cursor, limit, signal));
            if (signal.aborted) return;
            this.#isUnderWay = false;
            this.#pauseSeconds = FIRST_PAUSE_SECONDS;
            this.#take(this.#rowsOf(page.calls), cursor === null, page.next_cursor);
            for (const event of meanwhile) this.#apply(event);
        } catch (error) {
            if (signal.aborted) return;
            this.#isUnderWay = false;
            this.#become({ trouble: error });
            this.#retryLater(error);
        }
    }

    #page(cursor: string | null, limit: number, signal: AbortSignal) {
        const { filters } = this.#listing;
        const query = { ...asked(filters), limit, without: WITHOUT, ...(cursor !== null && { cursor }) };
        return told(api.GET("/v1/calls", { params: { query }, signal }));
    }

    #rowsOf(calls: readonly Call[]): Row[] {
        const wanted = this.#listing.filters.text ?? "";
        return calls.map((call) => rowOf(call, wanted));
    }

    #take(rows: Row[], isFirst: boolean, cursor: string | null): void {
        this.#cursor = cursor;
        if (!isFirst) {
            this.#rows.push(...rows);
            this.#become({ hasMore: cursor !== null, trouble: null });
            return;
        }
        this.#rows = rows;
        this.#newer.clear();
        const round = this.#listing.round + 1;
        this.#become({ hasMore: cursor !== null, isAwaited: false, trouble: null, round });
    }

    #apply(event: LiveEvent): void {
        const { call } = event;
        const place = placeOf(call, this.#rows);
        const row = this.#rows[place];
        if (call.joined) {
            this.#newer.delete(call.id);
            if (row) this.#rows.splice(place, 1);
        } else if (row) this.#rows[place] = rowAfter(event, row);
        else if (this.#isAbove(call.created_at)) this.#count(event);
        this.#become({});
    }

    /** Of calls older than the rows there are the next page tells. */
    #isAbove(moment: string): boolean {
        const last = this.#rows.at(-1);
        return !this.#listing.hasMore || last === undefined || moment > last.at;
    }

    #count(event: LiveEvent): void {
        const { filters } = this.#listing;
        if (fits(event, filters)) this.#newer.add(event.call.id);
        // An event about the call alone doesn't say how its recording is.
        else if (!filters.recording_state || event.recording) this.#newer.delete(event.call.id);
    }

    #merge(newest: Row[], isAll: boolean): void {
        const known = new Map(newest.map((row) => [row.id, row]));
        const last = newest.at(-1);
        // Where the newest are listed and it is not among them, it is there no more: it joined another one.
        const isCovered = (row: Row): boolean => isAll || (last !== undefined && row.at > last.at);
        const rows = this.#rows.filter((row) => known.has(row.id) || !isCovered(row));
        const shown = new Set(rows.map((row) => row.id));
        const newer = newest.filter((row) => !shown.has(row.id) && this.#isAbove(row.at));
        this.#newer = new Set(newer.map((row) => row.id));
        this.#rows = rows.map((row) => known.get(row.id) ?? row);
        this.#become({});
    }

    #retryLater(error: unknown): void {
        const problem = error instanceof Problem ? error : new Problem(0, "");
        // What is wrong with the question itself stays wrong.
        if (problem.status >= 400 && problem.status < 500 && problem.status !== 429) return;
        const seconds = problem.retryAfterSeconds ?? this.#pauseSeconds;
        this.#pauseSeconds = Math.min(2 * this.#pauseSeconds, LONGEST_PAUSE_SECONDS);
        this.#retrying = setTimeout(() => this.again(), seconds * 1000);
    }

    #become(changes: Partial<Listing>): void {
        this.#listing = { ...this.#listing, ...changes, rows: this.#rows, newer: this.#newer.size };
        for (const reader of this.#readers) reader();
    }
}

/** Where it stands among them, the newest first; -1: nowhere. */
function placeOf(call: LiveEvent["call"], rows: readonly Row[]): number {
    const at = call.created_at;
    let [low, high] = [0, rows.length];
    while (low < high) {
        const middle = (low + high) >>> 1;
        if ((rows[middle]?.at ?? "") > at) low = middle + 1;
        else high = middle;
    }
    while (rows[low]?.at === at && rows[low]?.id !== call.id) low += 1;
    return rows[low]?.id === call.id ? low : -1;
}
