/** What time it is for the server. A browser's own clock may be wrong by hours: it is believed as far as no answer of the
 * server contradicts it. */

import { useSyncExternalStore } from "preact/compat";

/** By how much the server is ahead of this browser. */
let aheadMilliseconds = 0;

export const serversNow = (): number => Date.now() + aheadMilliseconds;

/** The server said `at` before now: its clock shows at least that. */
export function heardAt(at: number): void {
    believe(at - Date.now(), Number.POSITIVE_INFINITY);
}

/** An answer's Date, which is in whole seconds, of a request that was sent at `sentAt` of this browser. */
export function answeredAt(date: string | null, sentAt: number): void {
    const at = Date.parse(date ?? "");
    if (Number.isFinite(at)) believe(at - Date.now(), at + 1000 - sentAt);
}

function believe(least: number, most: number): void {
    aheadMilliseconds = Math.max(least, Math.min(most, aheadMilliseconds));
}

const readers = new Set<() => void>();
let second = Math.floor(serversNow() / 1000);
let timer: number | undefined;

function tick(): void {
    const now = serversNow();
    second = Math.floor(now / 1000);
    for (const reader of readers) reader();
    timer = setTimeout(tick, 1000 - (now % 1000));
}

function subscribe(reader: () => void): () => void {
    readers.add(reader);
    if (readers.size === 1) tick();
    return () => {
        readers.delete(reader);
        if (readers.size === 0) clearTimeout(timer);
    };
}

/** The server's second, again each second: one timer for all who show it. */
export function useSecond(): number {
    return useSyncExternalStore(subscribe, () => second);
}
