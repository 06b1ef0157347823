/** What stands above the list: the search, the days, the other filters, what can be done with what is found. */

import type { RefObject } from "preact";
import { turn } from "../address";
import { Button } from "../parts/button";
import { may } from "../session/session";
import { words } from "../words/calls";
import { Chips } from "./chips";
import { DayField, FilterFields } from "./filter_fields";
import { daysOf, type Filters, PERIODS, periodOf } from "./filters";
import type { Listing } from "./listing";
import { Search } from "./search";

interface Props {
    field: RefObject<HTMLInputElement | null>;
    filters: Filters;
    listing: Listing;
    isOpen: boolean;
    onOpen: (isOpen: boolean) => void;
    onLeave: () => void;
    onHandOut: () => void;
    onHelp: () => void;
}

export function Toolbar(props: Props) {
    const { filters, isOpen } = props;
    const count = Object.keys(filters).length;
    return (
        <div class={`toolbar${isOpen ? " unfolded" : ""}`}>
            <div class="bar">
                <Search field={props.field} filters={filters} onLeave={props.onLeave} />
                <PeriodChoice filters={filters} />
                <DayField name="to_date" filters={filters} title={words.jumpHelp} />
                <Button
                    aria-expanded={isOpen}
                    aria-controls="filter-fields"
                    aria-keyshortcuts="f"
                    onClick={() => props.onOpen(!isOpen)}
                >
                    {words.filtersOf(count)}
                </Button>
                <span class="bar-end">
                    {may("listen") && <Button onClick={props.onHandOut}>{words.handOut}</Button>}
                    <Button kind="icon" aria-label={words.keys} title={words.keys} onClick={props.onHelp}>
                        ?
                    </Button>
                </span>
            </div>
            {isOpen && <FilterFields filters={filters} rows={props.listing.rows} />}
            <Chips filters={filters} />
        </div>
    );
}

function PeriodChoice({ filters }: { filters: Filters }) {
    const isSome = filters.from_date !== undefined || filters.to_date !== undefined;
    const value = periodOf(filters, new Date()) ?? (isSome ? "some" : "");

    function choose(name: string): void {
        const period = PERIODS.find((one) => one === name);
        if (period) turn({ ...daysOf(period, new Date()) });
        else if (name === "") turn({ from_date: null, to_date: null });
    }

    return (
        <select
            class="period"
            aria-label={words.period}
            value={value}
            onChange={(event) => choose(event.currentTarget.value)}
        >
            <option value="">{words.anyDay}</option>
            {PERIODS.map((one) => (
                <option key={one} value={one}>
                    {words.periods[one]}
                </option>
            ))}
            {value === "some" && <option value="some">{words.someDays}</option>}
        </select>
    );
}
