/** What an order carries so that it acts once, however often it is sent (header Idempotency-Key). */

/** crypto.randomUUID is only there where the page came by TLS or from this machine. */
export function onceKey(): string {
    return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
