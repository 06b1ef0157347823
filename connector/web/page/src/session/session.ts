/** Who is signed in. The key itself is never kept here: the browser holds a cookie that no script can read. */

import { useSyncExternalStore } from "preact/compat";
import { api, type Bodies, Problem, told, whenSignedOut } from "../api/client";

export type Session = Bodies["SessionBody"];
export type Role = Session["roles"][number];

/** undefined: not known yet; null: nobody. */
type State = Session | null | undefined;

const readers = new Set<() => void>();
let state: State;

function become(next: State): void {
    state = next;
    for (const reader of readers) reader();
}

whenSignedOut(() => become(null));

export function useSession(): State {
    return useSyncExternalStore(subscribe, () => state);
}

function subscribe(reader: () => void): () => void {
    readers.add(reader);
    return () => readers.delete(reader);
}

/** Whether whoever is signed in has that role. What he may not do is not shown. */
export function may(role: Role): boolean {
    return Boolean(state && (state.roles.includes(role) || state.roles.includes("admin")));
}

/** Whether the key is of the whole house. */
export function isOfTheHouse(): boolean {
    return Boolean(state && state.organisation === null);
}

/** Raises Problem when the server can't be asked; nobody being signed in is no problem. */
export async function resume(): Promise<void> {
    try {
        become(await told(api.GET("/v1/session")));
    } catch (error) {
        if (!(error instanceof Problem) || error.status !== 401) throw error;
    }
}

export async function signIn(key: string): Promise<void> {
    become(await told(api.POST("/v1/session", { body: { key } })));
}

export async function signOut(): Promise<void> {
    await told(api.DELETE("/v1/session"));
    become(null);
}
