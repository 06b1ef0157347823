/** What is ordered of live calls from this page, and what has become of it. What a recording's state is afterwards, the
 * server's events say, never this. */

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { api, type Bodies, Problem, told } from "../api/client";
import { onceKey } from "../api/once";
import type { Action, LiveCall, Standing } from "./live_call";

type Outcome = Bodies["OrderView"];

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
/** The same order is only obeyed once: where no answer comes it can be sent again. */
const TRIES = 3;

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

    function note(callId: string, order: Order | null): void {
        setOrders((before) => {
            const after = new Map(before);
            if (order) after.set(callId, order);
            else after.delete(callId);
            return after;
        });
    }

    async function carry(call: LiveCall, order: Order, signal: AbortSignal): Promise<void> {
        note(call.id, order);
        try {
            await obeyed(call, order.action, signal);
        } catch (error) {
            if (signal.aborted) return;
            note(call.id, { ...order, step: "refused", why: error instanceof Problem ? error.detail : String(error) });
            return;
        }
        note(call.id, { ...order, step: "done" });
        whenDone(call.id);
        await pause(EVENT_MILLISECONDS);
        if (!signal.aborted) note(call.id, null);
    }

    const give = useCallback((call: LiveCall, action: Action, from: Standing) => {
        const signal = leaving.current?.signal;
        if (signal) void carry(call, { action, step: "given", why: "", from }, signal);
    }, []);

    return { orders, give };
}

/** Returns when it was done. Raises the refusal as a Problem. */
async function obeyed(call: LiveCall, action: Action, signal: AbortSignal): Promise<void> {
    let outcome = await sent(call, action, onceKey(), signal);
    while (outcome.state === "open") {
        await pause(LOOK_MILLISECONDS);
        signal.throwIfAborted();
        const path = { command_id: outcome.command_id };
        outcome = await told(api.GET("/v1/commands/{command_id}", { params: { path }, signal }));
    }
    if (outcome.state !== "done") throw new Problem(409, outcome.outcome);
}

async function sent(call: LiveCall, action: Action, key: string, signal: AbortSignal): Promise<Outcome> {
    for (let tries = 1; ; tries += 1) {
        try {
            return await told(ask(call, action, key, signal));
        } catch (error) {
            const isUnanswered = error instanceof Problem && (error.status === 0 || error.status === 503);
            if (!isUnanswered || tries === TRIES) throw error;
            await pause(LOOK_MILLISECONDS);
        }
    }
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

export const pause = (milliseconds: number): Promise<void> => new Promise((go) => setTimeout(go, milliseconds));
