/** Follows the calls of this moment: asks for all that live, then goes by events, and asks anew from time to time for
 * what no event tells. */

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { api, type Bodies, told } from "../api/client";
import { type CallsNow, callsAfter, callsTold, callTold, type Hands, type Told, withoutEnded } from "./calls_now";
import { answeredAt, heardAt, serversNow } from "./clock";
import { type Connection, type News, useEvents } from "./events";
import { callOf, type LiveCall } from "./live_call";
import { Meanwhile } from "./meanwhile";

/** Who is in a conference, and what a rule has decided meanwhile, no event tells by itself. */
const ANEW_MILLISECONDS = 30_000;
/** While no events come. */
const ANEW_WITHOUT_EVENTS_MILLISECONDS = 10_000;
/** How long one that has ended can still be seen. */
const LINGER_MILLISECONDS = 12_000;
const SWEEP_MILLISECONDS = 1000;
const PAGE = 200;
/** What the table does not show: sound and words of what is not over. */
const WITHOUT: Bodies["CallPart"][] = ["words", "sound"];
/** More than most PBXs carry; the server is not asked for more. */
export const MOST = 5000;

export interface Followed {
    readonly calls: CallsNow;
    readonly connection: Connection;
    /** Whether the server has answered once. */
    readonly isKnown: boolean;
    /** Whether these are all, and not only the newest. */
    readonly isWhole: boolean;
    readonly error: unknown;
    readonly again: () => void;
    /** One call is asked for again. */
    readonly look: (callId: string) => void;
}

export function useCallsNow(hands: () => Hands): Followed {
    const [calls, setCalls] = useState<CallsNow>(new Map());
    const [connection, setConnection] = useState<Connection>("connecting");
    const [isKnown, setKnown] = useState(false);
    const [isWhole, setWhole] = useState(true);
    const [error, setError] = useState<unknown>(null);
    const heard = useRef(new Meanwhile());
    const asking = useRef<AbortController | null>(null);

    const again = useCallback(async () => {
        asking.current?.abort();
        const own = new AbortController();
        asking.current = own;
        try {
            const { answer, meanwhile } = await heard.current.during(living(own.signal));
            const now = new Date(serversNow()).toISOString();
            setCalls((before) => callsTold(before, answer, meanwhile, now));
            setKnown(true);
            setWhole(answer.since === null);
            setError(null);
        } catch (trouble) {
            if (!own.signal.aborted) setError(trouble);
        } finally {
            if (asking.current === own) asking.current = null;
        }
    }, []);

    const look = useCallback(async (callId: string) => {
        const path = { call_id: callId };
        try {
            const asked = told(api.GET("/v1/calls/{call_id}", { params: { path } }));
            const { answer, meanwhile } = await heard.current.during(asked);
            setCalls((before) => callTold(before, callOf(answer), meanwhile));
        } catch {
            // The next asking for all tells the same.
        }
    }, []);

    useEffect(() => void again(), []);
    useEvents((news: News) => {
        if (news.type === "connection") setConnection(news.is);
        else if (news.type === "resync") void again();
        else {
            heardAt(Date.parse(news.created_at));
            heard.current.hear(news);
            setCalls((before) => callsAfter(before, news));
        }
    });

    useEffect(() => {
        const pause = connection === "live" ? ANEW_MILLISECONDS : ANEW_WITHOUT_EVENTS_MILLISECONDS;
        const timer = setInterval(() => document.hidden || asking.current || again(), pause);
        return () => clearInterval(timer);
    }, [connection]);

    useEffect(() => {
        const sweep = () => setCalls((now) => withoutEnded(now, serversNow() - LINGER_MILLISECONDS, hands()));
        const timer = setInterval(sweep, SWEEP_MILLISECONDS);
        return () => {
            clearInterval(timer);
            asking.current?.abort();
        };
    }, []);

    return { calls, connection, isKnown, isWhole, error, again, look };
}

/** Those that ring first: one that is answered in between is found among the others. */
async function living(signal: AbortSignal): Promise<Told> {
    const ringing = await newest("ringing", MOST, signal);
    const talking = await newest("in_progress", MOST - ringing.calls.length, signal);
    const found = new Map([...ringing.calls, ...talking.calls].map((call) => [call.id, call]));
    const isLater = (ringing.since ?? "") > (talking.since ?? "");
    return { calls: [...found.values()], since: isLater ? ringing.since : talking.since };
}

async function newest(status: "ringing" | "in_progress", most: number, signal: AbortSignal): Promise<Told> {
    const found: LiveCall[] = [];
    let cursor: string | null = null;
    do {
        const sentAt = Date.now();
        const further: { cursor?: string } = cursor === null ? {} : { cursor };
        const query = { status, limit: PAGE, without: WITHOUT, ...further };
        const asked = api.GET("/v1/calls", { params: { query }, signal });
        const page = await told(asked);
        answeredAt((await asked).response.headers.get("date"), sentAt);
        found.push(...page.calls.map(callOf));
        cursor = page.next_cursor;
    } while (cursor !== null && found.length < most);
    return { calls: found, since: cursor === null ? null : (found.at(-1)?.created_at ?? null) };
}
