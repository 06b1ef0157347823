/** Which rows are in sight of a box that is scrolled, all of one height, below titles that stay. Knows nothing of what
 * stands in them. */

import type { RefObject } from "preact";
import { useCallback, useLayoutEffect, useState } from "preact/hooks";

/** So many rows beyond each edge are there, too: the browser scrolls before the page hears of it. */
const BEYOND = 12;
/** The edges move by so many rows at once, and not with every pixel. */
const STEP = 4;

export interface Sight {
    readonly first: number;
    /** Behind the last one. */
    readonly end: number;
    /** How many fit into the box. */
    readonly page: number;
    /** A row's key: what leaves sight on one side is used again on the other, where it need not be moved in the page. */
    readonly keyOf: (index: number) => number;
    /** Scrolls no further than it has to, until the row can be seen. */
    readonly show: (index: number) => void;
}

interface Edges {
    readonly first: number;
    readonly end: number;
    readonly page: number;
    /** Never are more rows there at once. */
    readonly most: number;
    /** The row of the first key. */
    readonly base: number;
}

export function useSight(box: RefObject<HTMLElement | null>, count: number, height: number, head: number): Sight {
    const [edges, setEdges] = useState<Edges>({ first: 0, end: 0, page: 1, most: 1, base: 0 });

    useLayoutEffect(() => {
        const element = box.current;
        if (!element) return;
        const look = (): void => {
            const now = edgesOf(element.scrollTop, element.clientHeight - head, height, count);
            setEdges((before) => (isSame(before, now) ? before : { ...now, base: baseAfter(before, now) }));
        };
        look();
        const watcher = new ResizeObserver(look);
        watcher.observe(element);
        element.addEventListener("scroll", look, { passive: true });
        return () => {
            watcher.disconnect();
            element.removeEventListener("scroll", look);
        };
    }, [box, count, height, head]);

    const show = useCallback(
        (index: number) => {
            const element = box.current;
            if (!element) return;
            const top = index * height;
            const bottom = top + height + head - element.clientHeight;
            if (element.scrollTop > top) element.scrollTop = top;
            else if (element.scrollTop < bottom) element.scrollTop = bottom;
        },
        [box, height, head],
    );

    const { first, end, page, most, base } = edges;
    return { first, end: Math.min(end, count), page, keyOf: (index) => (((index - base) % most) + most) % most, show };
}

function edgesOf(scrolled: number, seen: number, height: number, count: number): Omit<Edges, "base"> {
    const first = Math.floor((scrolled / height - BEYOND) / STEP) * STEP;
    const end = Math.ceil(((scrolled + seen) / height + BEYOND) / STEP) * STEP;
    return {
        first: Math.max(0, Math.min(first, count)),
        end: Math.min(end, count),
        page: Math.max(1, Math.floor(seen / height) - 1),
        most: Math.ceil(seen / height) + 2 * (BEYOND + STEP) + 1,
    };
}

/** To move a row within the page takes longer than to write another call into it. After a leap, with no row of before in
 * sight, all keep their order. */
function baseAfter(before: Edges, now: Omit<Edges, "base">): number {
    const isLeap = now.end <= before.first || now.first >= before.end;
    return isLeap ? before.base + now.first - before.first : before.base;
}

function isSame(one: Edges, other: Omit<Edges, "base">): boolean {
    return one.first === other.first && one.end === other.end && one.most === other.most;
}
