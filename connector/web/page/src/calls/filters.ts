/** Which calls are asked for, as the address says it and as the API is asked. Pure: knows no list and no field. */

import type { paths } from "../api/schema";

type Asked = NonNullable<paths["/v1/calls"]["get"]["parameters"]["query"]>;

export const NAMES = [
    "number",
    "text",
    "from_date",
    "to_date",
    "direction",
    "status",
    "recording_state",
    "agent",
    "queue",
    "tag",
    "pbx",
    "organisation",
    "from_number",
    "to_number",
    "conference",
    "rule",
    "kind",
] as const satisfies readonly (keyof Asked)[];
export type Name = (typeof NAMES)[number];

/** A day is one of this browser's zone; several recording states stand with commas between them. */
export type Filters = { readonly [name in Name]?: string };

export function filtersOf(query: URLSearchParams): Filters {
    const said: { [name in Name]?: string } = {};
    for (const name of NAMES) {
        const value = query.get(name)?.trim();
        if (value) said[name] = value;
    }
    return said;
}

/** The same as a query again, with nothing of the open call in it. */
export function searchOf(filters: Filters): string {
    return new URLSearchParams(filters).toString();
}

export function isAny(filters: Filters): boolean {
    return Object.keys(filters).length > 0;
}

/** Takes all filters away. */
export const NONE: Readonly<Record<Name, null>> = Object.freeze(
    Object.fromEntries(NAMES.map((name) => [name, null])) as Record<Name, null>,
);

/** As the API is asked. What the address says wrongly goes there as it is: the server says what is wrong with it. */
export function asked(filters: Filters): Asked {
    const { from_date, to_date, recording_state, ...rest } = filters;
    const query: Record<string, string | string[]> = { ...rest };
    if (from_date) query.from_date = isDay(from_date) ? beginOf(from_date, 0) : from_date;
    if (to_date) query.to_date = isDay(to_date) ? beginOf(to_date, 1) : to_date;
    if (recording_state) query.recording_state = statesOf(recording_state);
    return query as Asked;
}

export function statesOf(said: string): string[] {
    return said.split(",").filter(Boolean);
}

export function isDay(said: string): boolean {
    return /^\d{4}-\d{2}-\d{2}$/.test(said) && !Number.isNaN(Date.parse(said));
}

function beginOf(day: string, daysLater: number): string {
    const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
    return new Date(year, month - 1, date + daysLater).toISOString();
}

/** The day of this browser's zone, so many days before now. */
export function dayBefore(now: Date, days: number): string {
    const then = new Date(now.getFullYear(), now.getMonth(), now.getDate() - days);
    const two = (part: number): string => String(part).padStart(2, "0");
    return `${then.getFullYear()}-${two(then.getMonth() + 1)}-${two(then.getDate())}`;
}

export const PERIODS = ["today", "yesterday", "week", "month"] as const;
export type Period = (typeof PERIODS)[number];

interface Days {
    readonly from_date: string;
    readonly to_date: string | null;
}

/** Without an end where it goes on: calls that come are among it. */
export function daysOf(period: Period, now: Date): Days {
    const yesterday = dayBefore(now, 1);
    switch (period) {
        case "today":
            return { from_date: dayBefore(now, 0), to_date: null };
        case "yesterday":
            return { from_date: yesterday, to_date: yesterday };
        case "week":
            return { from_date: dayBefore(now, 6), to_date: null };
        case "month":
            return { from_date: dayBefore(now, 29), to_date: null };
    }
}

export function periodOf(filters: Filters, now: Date): Period | null {
    const isOf = (period: Period): boolean => {
        const days = daysOf(period, now);
        return days.from_date === filters.from_date && days.to_date === (filters.to_date ?? null);
    };
    return PERIODS.find(isOf) ?? null;
}

/** What is typed into the one field: a number or a part of it, or words that were said. */
export type Kind = "number" | "text";

export function kindOf(typed: string): Kind {
    return /^[+\d][\d\s()./*#-]*$/.test(typed.trim()) ? "number" : "text";
}

/** Numbers are kept without what people write between their digits. */
export function numberIn(typed: string): string {
    return kindOf(typed) === "number" ? typed.replace(/[\s()./-]/g, "") : typed.trim();
}
