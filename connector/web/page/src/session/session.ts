/** Who is signed in. The key itself is never kept here: the browser holds a cookie that no script can read. */

import { useSyncExternalStore } from "preact/compat";
import { api, type Bodies, Problem, told, whenSignedOut } from "../api/client";

export type Session = Bodies["SessionBody"];
export type Role = Session["roles"][number];

/** undefined: not known yet; null: nobody. */
type State = Session | null | undefined;

/** The server says when a session is over: this browser's clock may be wrong, and is believed no more often than this. */
const LEAST_PAUSE_MS = 60_000;
/** Browsers count no further. */
const LONGEST_PAUSE_MS = 2 ** 31 - 1;

const readers = new Set<() => void>();
let state: State;
let isOver = false;
let atItsEnd = 0;

function become(next: State): void {
    state = next;
    lookAgainAtItsEnd();
    for (const reader of readers) reader();
}

whenSignedOut(() => {
    isOver ||= Boolean(state);
    become(null);
});
// Another tab may have signed out meanwhile, or in with another key; and a machine that sleeps counts no time.
document.addEventListener("visibilitychange", () => {
    if (state && document.visibilityState === "visible") void lookAgain();
});

function lookAgainAtItsEnd(): void {
    clearTimeout(atItsEnd);
    if (!state?.expires_at) return;
    const left = Date.parse(state.expires_at) - Date.now();
    atItsEnd = setTimeout(() => void lookAgain(), Math.min(Math.max(left, LEAST_PAUSE_MS), LONGEST_PAUSE_MS));
}

async function lookAgain(): Promise<void> {
    try {
        become(await told(api.GET("/v1/session")));
    } catch {
        // Over: then everybody knows by now. No answer: whatever the page asks next will say so.
        lookAgainAtItsEnd();
    }
}

export function useSession(): State {
    return useSyncExternalStore(subscribe, () => state);
}

function subscribe(reader: () => void): () => void {
    readers.add(reader);
    return () => readers.delete(reader);
}

/** Whether whoever is signed in has that role. What he may not do is not shown. */
export function may(role: Role): boolean {
    return Boolean(state && (role === "read" || state.roles.includes(role) || state.roles.includes("admin")));
}

/** Whether somebody was signed in before, and it was not he who ended it. */
export function hasEnded(): boolean {
    return isOver;
}

/** Whether the key is of the whole house. */
export function isOfTheHouse(): boolean {
    return Boolean(state && state.organisation === null);
}

/** Raises Problem when the server can't be asked; nobody being signed in is no problem. */
export async function resume(): Promise<void> {
    const session = await resumed();
    if (session) become(session);
}

async function resumed(): Promise<Session | null> {
    try {
        return await told(api.GET("/v1/session"));
    } catch (error) {
        if (error instanceof Problem && error.status === 401) return null;
        throw error;
    }
}

/** The key was right, and yet nobody is signed in. */
export class NoCookieKept extends Error {
    override readonly name = "NoCookieKept";
}

/** Raises Problem, or NoCookieKept: whoever goes on without one is told at once that his session has ended. */
export async function signIn(key: string): Promise<void> {
    await told(api.POST("/v1/session", { body: { key } }));
    const session = await resumed();
    if (!session) throw new NoCookieKept();
    isOver = false;
    become(session);
}

export async function signOut(): Promise<void> {
    await told(api.DELETE("/v1/session"));
    isOver = false;
    become(null);
}
