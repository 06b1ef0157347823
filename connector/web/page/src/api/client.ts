/** The public API, as docs/openapi.json describes it. Nothing here knows what a view shows. */

import createClient from "openapi-fetch";
import type { components, paths } from "./schema";

export type Bodies = components["schemas"];
export type Call = Bodies["CallBody"];
export type Recording = Bodies["CallRecording"];

/** What the server said no with (RFC 9457), or that it did not answer at all (status 0). */
export class Problem extends Error {
    override readonly name = "Problem";

    constructor(
        readonly status: number,
        readonly detail: string,
        /** In a word or two, where the server has one: off, no answer, too short, failed, not ready, removed. */
        readonly reason = "",
        /** By the member of the body that is wrong. */
        readonly fields: ReadonlyMap<string, string> = new Map(),
        readonly retryAfterSeconds: number | null = null,
    ) {
        super(detail);
    }
}

/** Whoever wants to know that the session is over. */
let onSignedOut: () => void = () => {};

export function whenSignedOut(react: () => void): void {
    onSignedOut = react;
}

// The header is what no page of another origin can send with our cookie.
export const api = createClient<paths>({ baseUrl: location.origin, headers: { "x-callreel-page": "1" } });

type Outcome<T> = { data?: T; error?: unknown; response: Response };

/** What a request of `api` brought; throws a Problem otherwise: `await told(api.GET("/v1/calls"))`. */
export async function told<T>(asked: Promise<Outcome<T>>): Promise<T> {
    let outcome: Outcome<T>;
    try {
        outcome = await asked;
    } catch (error) {
        if (error instanceof DOMException && error.name === "AbortError") throw error;
        throw new Problem(0, "the server does not answer");
    }
    if (outcome.response.ok) return outcome.data as T;
    const problem = problemOf(outcome.response, outcome.error);
    if (problem.status === 401) onSignedOut();
    throw problem;
}

export function problemOf(response: Response, body: unknown): Problem {
    const said = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
    const fields = new Map<string, string>();
    for (const one of Array.isArray(said.errors) ? said.errors : []) {
        fields.set(String(one?.pointer ?? ""), String(one?.detail ?? one?.msg ?? ""));
    }
    const after = Number(response.headers.get("retry-after"));
    return new Problem(
        response.status,
        String(said.detail ?? response.statusText ?? response.status),
        String(said.reason ?? ""),
        fields,
        Number.isFinite(after) && after > 0 ? after : null,
    );
}
