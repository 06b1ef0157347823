/** A call that the PBX is asked to place, and what becomes of it. */

import { api, type Bodies, told } from "../api/client";
import { answered, pause } from "./patience";

export type Wish = Bodies["OutboundCallRequest"];

const LOOK_MILLISECONDS = 1000;

/** Returns once somebody has taken up the phone, or it came to nothing. Raises Problem. */
export async function placed(wish: Wish, signal: AbortSignal): Promise<Bodies["OutboundCall"]> {
    let call = await answered((key) => {
        const header = { "idempotency-key": key };
        return told(api.POST("/v1/outbound-calls", { params: { header }, body: wish, signal }));
    });
    while (call.status === "queued") {
        await pause(LOOK_MILLISECONDS);
        signal.throwIfAborted();
        const path = { command_id: call.command_id };
        call = await answered(() => told(api.GET("/v1/outbound-calls/{command_id}", { params: { path }, signal })));
    }
    return call;
}
