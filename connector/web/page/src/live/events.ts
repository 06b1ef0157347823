/** What happens, as it happens: one connection to /v1/events for all who listen on the page. Knows nothing of what they
 * make of it.
 *
 * The browser connects again by itself and says what it heard last. Whoever may have missed something is told
 * `resync`: ask anew. */

import { useEffect, useRef } from "preact/hooks";
import { api, type Bodies, told } from "../api/client";

export type LiveEvent = Bodies["LiveEventBody"];
/** lost: it is being connected again, and what is shown may be old. */
export type Connection = "connecting" | "live" | "lost";

export type News =
    | LiveEvent
    /** Events may have been missed, as always when a connection begins: ask for what is shown anew. */
    | { readonly type: "resync" }
    | { readonly type: "connection"; readonly is: Connection };

type Reader = (news: News) => void;

const KINDS = [
    "call.started",
    "call.answered",
    "call.ended",
    "recording.started",
    "recording.paused",
    "recording.resumed",
    "recording.finished",
    "recording.available",
    "recording.failed",
] as const satisfies readonly LiveEvent["type"][];

/** A browser has six connections to a server for all its tabs: one that nobody looks at lets its own go. */
const HIDDEN_MILLISECONDS = 30_000;
/** From one view to the next nobody listens for a moment. */
const UNHEARD_MILLISECONDS = 2_000;
/** What happens within so short a time is told at once: to show each by itself may take longer than the next one does to
 * come. */
const TOGETHER_MILLISECONDS = 50;
const FIRST_PAUSE_MILLISECONDS = 2_000;
const LONGEST_PAUSE_MILLISECONDS = 30_000;

const readers = new Set<Reader>();
const heard: LiveEvent[] = [];
let telling: number | undefined;
let source: EventSource | null = null;
let connection: Connection = "connecting";
let hasId = false;
let pauseMilliseconds = FIRST_PAUSE_MILLISECONDS;
let retrying: number | undefined;
let leaving: number | undefined;

/** Has `handler` told what happens while the component is there, beginning with how the connection is. Whoever asks the
 * server as he begins to listen misses nothing. */
export function useEvents(handler: Reader): void {
    const latest = useRef(handler);
    latest.current = handler;
    useEffect(() => join((news) => latest.current(news)), []);
}

function join(reader: Reader): () => void {
    readers.add(reader);
    reader({ type: "connection", is: connection });
    consider();
    return () => {
        readers.delete(reader);
        consider();
    };
}

/** Connects if somebody listens and looks, and lets go after a while if nobody does. */
function consider(): void {
    clearTimeout(leaving);
    if (readers.size === 0) leaving = setTimeout(() => leave("connecting"), UNHEARD_MILLISECONDS);
    else if (document.hidden) leaving = setTimeout(() => leave("connecting"), HIDDEN_MILLISECONDS);
    else if (!source && !retrying) connect();
}

document.addEventListener("visibilitychange", consider);

function tell(news: News): void {
    for (const reader of readers) reader(news);
}

function become(next: Connection): void {
    if (next === connection) return;
    connection = next;
    tell({ type: "connection", is: next });
}

function connect(): void {
    leave(connection);
    const own = new EventSource("/v1/events");
    source = own;
    own.onopen = () => {
        pauseMilliseconds = FIRST_PAUSE_MILLISECONDS;
        become("live");
        // Without an id the server cannot know what was heard before: it says nothing of what is missing.
        if (!hasId) tell({ type: "resync" });
    };
    own.onerror = () => {
        become("lost");
        if (own.readyState === EventSource.CLOSED) void retry();
    };
    for (const kind of KINDS) own.addEventListener(kind, hear);
    own.addEventListener("resync", (event) => {
        hasId = event.lastEventId !== "";
        tellHeard();
        tell({ type: "resync" });
    });
}

function hear(event: MessageEvent<string>): void {
    hasId = event.lastEventId !== "";
    heard.push(JSON.parse(event.data) as LiveEvent);
    telling ??= setTimeout(tellHeard, TOGETHER_MILLISECONDS);
}

function tellHeard(): void {
    clearTimeout(telling);
    telling = undefined;
    for (const event of heard.splice(0)) tell(event);
}

function leave(next: Connection): void {
    clearTimeout(retrying);
    retrying = undefined;
    source?.close();
    source = null;
    hasId = false;
    become(next);
}

/** After an answer other than 200 no browser tries again: too many listen, the server is about to start, or the session
 * is over, which asking for it brings to light. */
async function retry(): Promise<void> {
    leave("lost");
    retrying = setTimeout(again, pauseMilliseconds);
    pauseMilliseconds = Math.min(2 * pauseMilliseconds, LONGEST_PAUSE_MILLISECONDS);
    try {
        await told(api.GET("/v1/session"));
    } catch {
        // Signed out: whoever listens goes. Otherwise the next try shows.
    }
}

function again(): void {
    retrying = undefined;
    consider();
}
