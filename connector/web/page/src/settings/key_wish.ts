/** A key as somebody writes it down, and as the server is asked for it. */

import type { Bodies } from "../api/client";
import type { Role } from "../session/session";
import type { words } from "../words/settings";

export const LIMITS = ["tags", "agents", "numbers"] as const;
type Limit = (typeof LIMITS)[number];

export type KeyWish = Record<Limit, string> & {
    name: string;
    /** Empty: the whole house, or that of who asks. */
    organisation: string;
    roles: Role[];
    expires: keyof typeof words.keys.expiries;
    /** 2027-01-31, for `expires: "date"`. */
    day: string;
    isSigning: boolean;
};

export const emptyWish: KeyWish = {
    name: "",
    organisation: "",
    roles: ["read"],
    tags: "",
    agents: "",
    numbers: "",
    expires: "never",
    day: "",
    isSigning: false,
};

export function wantedOf(wish: KeyWish, now: Date): Bodies["KeyWanted"] {
    const limits = { tags: listOf(wish.tags), agents: listOf(wish.agents), numbers: listOf(wish.numbers) };
    return {
        name: wish.name.trim(),
        organisation: wish.organisation || null,
        roles: wish.roles,
        limits,
        expires_at: endOf(wish, now),
        signing: wish.isSigning,
    };
}

function listOf(written: string): string[] {
    const parts = written.split(",").map((part) => part.trim());
    return parts.filter((part) => part !== "");
}

/** A day counts to its end, in the zone of who writes it. */
function endOf({ expires, day }: KeyWish, now: Date): string | null {
    if (expires === "never") return null;
    if (expires === "date") return new Date(`${day}T23:59:59`).toISOString();
    const end = new Date(now);
    end.setDate(end.getDate() + Number(expires));
    return end.toISOString();
}
