/** The table: of all rows that have been fetched only those in sight are in the page. */

import type { RefObject } from "preact";
import { useEffect, useLayoutEffect } from "preact/hooks";
import { isOfTheHouse } from "../session/session";
import { words } from "../words/calls";
import { useActive } from "./active";
import { CallRow, hrefOf } from "./cells";
import { HEAD_HEIGHTS, heightOf, useForm } from "./form";
import { type Acts, press, useKeys } from "./keys";
import type { Listing } from "./listing";
import type { Row } from "./row";
import { useSight } from "./sight";

interface Props {
    listing: Listing;
    /** What the address says of the list. */
    search: string;
    openId: string | null;
    /** Something else lies over it. */
    isCovered: boolean;
    grid: RefObject<HTMLTableElement | null>;
    more: () => void;
    open: (to: string) => void;
    /** Whoever shows more about the row that the keys are at. */
    onActive: (row: Row | undefined) => void;
}

/** So many rows are fetched ahead of those in sight: few before anybody scrolls, many for who scrolls fast. */
const AHEAD_AT_REST = 40;
const AHEAD = 1000;
/** Room for those that come next. */
const ROWS_TO_COME = 8;

export function CallsTable(props: Props) {
    const { listing, openId, grid } = props;
    const { rows, hasMore, filters } = listing;
    const form = useForm(grid);
    const height = heightOf(form, filters.text !== undefined && rows.some((row) => row.hit !== null));
    const sight = useSight(grid, rows.length, height, HEAD_HEIGHTS[form]);
    const active = useActive(rows);
    const showsOrganisation = isOfTheHouse();
    const columns = Object.entries(words.columns).filter(([name]) => showsOrganisation || name !== "organisation");

    useEffect(() => {
        const ahead = sight.first > 0 ? AHEAD : AHEAD_AT_REST;
        if (hasMore && sight.end + ahead > rows.length) props.more();
    }, [listing, sight.first, sight.end]);

    useLayoutEffect(() => {
        active.become(0);
        grid.current?.scrollTo(0, 0);
    }, [listing.round]);

    useEffect(() => {
        const index = openId === null ? -1 : rows.findIndex((row) => row.id === openId);
        if (index < 0) return;
        active.become(index);
        sight.show(index);
    }, [openId, listing.round, form]);

    useEffect(() => props.onActive(active.row), [active.row]);

    function moveTo(index: number): void {
        const within = Math.max(0, Math.min(index, rows.length - 1));
        active.become(within);
        sight.show(within);
        grid.current?.focus({ preventScroll: true });
    }

    function open(row: Row | undefined): void {
        if (row) props.open(hrefOf(props.search, row.id, row.hit));
    }

    const by = (step: number) => (props.isCovered ? undefined : () => moveTo(active.index + step));
    const acts: Acts = {
        ArrowDown: by(1),
        ArrowUp: by(-1),
        PageDown: by(sight.page),
        PageUp: by(-sight.page),
        Home: by(-rows.length),
        End: by(rows.length),
        Enter: () => open(active.row),
    };
    useKeys({ j: by(1), k: by(-1) }, acts);

    /** Links in it go their own ways. */
    function clicked(event: MouseEvent): void {
        const target = event.target instanceof Element ? event.target : null;
        const index = Number(target?.closest<HTMLElement>("[data-index]")?.dataset.index ?? Number.NaN);
        const row = rows[index];
        if (!row || String(getSelection())) return;
        active.become(index);
        if (!event.defaultPrevented && !target?.closest("a")) props.open(hrefOf(props.search, row.id));
    }

    const marks = [form !== "line" && "in-lines", showsOrganisation && "with-organisation"];
    const classes = ["grid", `grid-${form}`, ...marks].filter(Boolean).join(" ");
    const room = rows.length + (hasMore ? ROWS_TO_COME : 0);
    const shown = rows.slice(sight.first, sight.end);
    const isActiveShown = active.index >= sight.first && active.index < sight.end;
    return (
        <table
            ref={grid}
            // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: HTML has no element for a grid, and a table may be one
            role="grid"
            class={classes}
            style={{ "--row": `${height}px` }}
            tabIndex={0}
            aria-label={words.title}
            aria-rowcount={hasMore ? -1 : rows.length + 1}
            aria-busy={listing.isAwaited}
            aria-activedescendant={isActiveShown ? rowId(active.index) : undefined}
            onClick={clicked}
            onKeyDown={(event) => press(event, acts)}
        >
            <Head columns={columns} />
            {/* Rows out of sight are room above: to place each by itself has the browser style all of them anew. */}
            <tbody style={{ height: `${room * height}px`, paddingTop: `${sight.first * height}px` }}>
                {shown.map((row, offset) => {
                    const index = sight.first + offset;
                    return (
                        <CallRow
                            key={sight.keyOf(index)}
                            row={row}
                            index={index}
                            id={rowId(index)}
                            isActive={index === active.index}
                            isOpen={row.id === openId}
                            form={form}
                            showsOrganisation={showsOrganisation}
                            search={props.search}
                            wanted={filters.text ?? ""}
                        />
                    );
                })}
            </tbody>
        </table>
    );
}

const rowId = (index: number): string => `call-row-${index}`;

function Head({ columns }: { columns: readonly (readonly [string, string])[] }) {
    return (
        <thead>
            <tr class="row" aria-rowindex={1}>
                {columns.map(([name, said]) => (
                    <th key={name} scope="col" class={`cell cell-${name}`}>
                        <span>{said}</span>
                    </th>
                ))}
            </tr>
        </thead>
    );
}
