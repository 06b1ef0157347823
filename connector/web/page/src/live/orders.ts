/** What is ordered of live calls from this page, and what has become of it. What a recording's state is afterwards, the
 * server's events say, never this. */

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { api, Problem, told } from "../api/client";
import type { Action, LiveCall, Standing } from "./live_call";
import { answered, pause } from "./patience";

export interface Order {
    readonly action: Action;
    /** done: obeyed, and its event is still to come. */
    readonly step: "given" | "done" | "refused";
    /** Why it was refused. */
    readonly why: string;
    /** How the call stood when it was given. */
    readonly from: Standing;
}

type Orders = ReadonlyMap<string, Order>;

const LOOK_MILLISECONDS = 2000;
/** So long may the event of an order that was obeyed be on its way. */
const EVENT_MILLISECONDS = 2000;

/** The newest order of each call, and how one is given. `whenDone` hears of the call, for what no event tells. */
export function useOrders(whenDone: (callId: string) => void): {
    orders: Orders;
    give: (call: LiveCall, action: Action, from: Standing) => void;
} {
    const [orders, setOrders] = useState<Orders>(new Map());
    const leaving = useRef<AbortController | null>(null);
    useEffect(() => {
        leaving.current = new AbortController();
        return () => leaving.current?.abort();
    }, []);

    /** What has become of `order`, unless a newer one has been given meanwhile. */
    function note(callId: string, order: Order, next: Order | null): void {
        setOrders((before) => {
            if (before.get(callId) !== order) return before;
            const after = new Map(before);
            if (next) after.set(callId, next);
            else after.delete(callId);
            return after;
        });
    }

    async function carry(call: LiveCall, given: Order, signal: AbortSignal): Promise<void> {
        setOrders((before) => new Map(before).set(call.id, given));
        try {
            await obeyed(call, given.action, signal);
        } catch (error) {
            const why = error instanceof Problem ? error.detail : String(error);
            if (!signal.aborted) note(call.id, given, { ...given, step: "refused", why });
            return;
        }
        const done: Order = { ...given, step: "done" };
        note(call.id, given, done);
        whenDone(call.id);
        await pause(EVENT_MILLISECONDS);
        if (!signal.aborted) note(call.id, done, null);
    }

    const give = useCallback((call: LiveCall, action: Action, from: Standing) => {
        const signal = leaving.current?.signal;
        if (signal) void carry(call, { action, step: "given", why: "", from }, signal);
    }, []);

    return { orders, give };
}

/** Returns when it was done. Raises the refusal as a Problem. */
async function obeyed(call: LiveCall, action: Action, signal: AbortSignal): Promise<void> {
    let outcome = await answered((key) => told(ask(call, action, key, signal)));
    while (outcome.state === "open") {
        await pause(LOOK_MILLISECONDS);
        signal.throwIfAborted();
        const path = { command_id: outcome.command_id };
        outcome = await answered(() => told(api.GET("/v1/commands/{command_id}", { params: { path }, signal })));
    }
    if (outcome.state !== "done") throw new Problem(409, outcome.outcome);
}

function ask(call: LiveCall, action: Action, key: string, signal: AbortSignal) {
    const header = { "idempotency-key": key };
    if (call.kind === "conference") {
        const path = { conference: call.id };
        return api.POST(`/v1/conferences/{conference}/recording/${action}`, { params: { path, header }, signal });
    }
    const path = { call_id: call.id };
    return api.POST(`/v1/calls/{call_id}/recording/${action}`, { params: { path, header }, signal });
}
