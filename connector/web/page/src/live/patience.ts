/** Asks until there is an answer. Knows no order and no call. */

import { Problem } from "../api/client";
import { onceKey } from "../api/once";

const TRIES = 3;
const PAUSE_MILLISECONDS = 2000;

export const pause = (milliseconds: number): Promise<void> => new Promise((go) => setTimeout(go, milliseconds));

/** Where none comes it is sent again, by the same key: whatever it asks for is done once. Raises Problem. */
export async function answered<T>(send: (key: string) => Promise<T>): Promise<T> {
    const key = onceKey();
    for (let tries = 1; ; tries += 1) {
        try {
            return await send(key);
        } catch (error) {
            const isUnanswered = error instanceof Problem && (error.status === 0 || error.status === 503);
            if (!isUnanswered || tries === TRIES) throw error;
            await pause(PAUSE_MILLISECONDS);
        }
    }
}
