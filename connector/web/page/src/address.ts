/** The address is the state of the page: which view, which filters, which call, which moment. Whoever copies it sees
 * the same. */

import { useSyncExternalStore } from "preact/compat";

export const VIEWS = ["calls", "live", "health", "settings"] as const;
export type View = (typeof VIEWS)[number];

export interface Address {
    readonly view: View;
    readonly query: URLSearchParams;
}

const readers = new Set<() => void>();
let current = read();
let shown = place();

function place(): string {
    return location.pathname + location.search;
}

function read(): Address {
    const name = location.pathname.split("/")[1] ?? "";
    const view = VIEWS.find((one) => one === name) ?? "calls";
    return { view, query: new URLSearchParams(location.search) };
}

function reread(): void {
    current = read();
    shown = place();
    for (const reader of readers) reader();
}

/** Asked before the page goes elsewhere; true: it stays for now, and `leave` goes on. */
export type Keeper = (leave: () => void) => boolean;
let keeper: Keeper | null = null;

/** For whoever has what would be lost; what is returned gives it up again. */
export function keepHere(wanted: Keeper): () => void {
    keeper = wanted;
    return () => {
        if (keeper === wanted) keeper = null;
    };
}

addEventListener("popstate", () => {
    const to = place();
    // Only within the view, by the skip link: nobody leaves.
    if (to === shown) return;
    // The browser has gone back already: what is kept is put on top again.
    if (keeper?.(() => move(to, "push"))) history.pushState(null, "", shown);
    else reread();
});

export function useAddress(): Address {
    return useSyncExternalStore(subscribe, () => current);
}

function subscribe(reader: () => void): () => void {
    readers.add(reader);
    return () => readers.delete(reader);
}

export function addressNow(): Address {
    return current;
}

export function href(view: View, query: Record<string, string> | URLSearchParams = {}): string {
    const said = new URLSearchParams(query).toString();
    return `/${view}${said ? `?${said}` : ""}`;
}

/** `replace`: what is typed makes no history of its own. */
export function go(to: string, how: "push" | "replace" = "push"): void {
    if (!keeper?.(() => move(to, how))) move(to, how);
}

function move(to: string, how: "push" | "replace"): void {
    if (how === "replace") history.replaceState(null, "", to);
    else history.pushState(null, "", to);
    reread();
}

/** The same view with some words of its query changed; null takes one away. */
export function turn(changes: Record<string, string | null>, how: "push" | "replace" = "push"): void {
    const query = new URLSearchParams(current.query);
    for (const [name, value] of Object.entries(changes)) {
        if (value === null || value === "") query.delete(name);
        else query.set(name, value);
    }
    go(href(current.view, query), how);
}
