import { useState } from "preact/hooks";
import { go, href } from "../address";
import { words } from "../words/live";
import type { Give } from "./buttons";
import { idOf, rowOf } from "./hands";
import { type Action, type LiveCall, possible, situationOf } from "./live_call";
import type { Order } from "./orders";
import { Row } from "./row";

interface Props {
    calls: readonly LiveCall[];
    orders: ReadonlyMap<string, Order>;
    mayControl: boolean;
    showsOrganisation: boolean;
    give: Give;
}

const KEYS: Record<string, readonly Action[]> = { r: ["start"], s: ["stop"], p: ["pause", "resume"] };

/** Tab leads to one row and its buttons, arrows lead to the others: hundreds of rows are one stop on the way. */
export function CallsTable({ calls, orders, mayControl, showsOrganisation, give }: Props) {
    const [chosen, setChosen] = useState<string | null>(null);
    const reached = calls.some((call) => call.id === chosen) ? chosen : calls[0]?.id;

    function pressed(event: KeyboardEvent): void {
        if (event.altKey || event.ctrlKey || event.metaKey || !(event.target instanceof Element)) return;
        const row = rowOf(event.target);
        if (!row) return;
        const to = neighbour(row, event.key);
        if (to) to.focus();
        else if (event.key === "Enter" && event.target === row) go(href("calls", { call: row.dataset.call ?? "" }));
        else if (!mayControl || !order(row.dataset.call, event.key)) return;
        event.preventDefault();
    }

    function order(id: string | undefined, key: string): boolean {
        const call = calls.find((one) => one.id === id);
        const wanted = KEYS[key.toLowerCase()];
        if (!call || !wanted) return false;
        const { is } = situationOf(call);
        const action = wanted.find((one) => possible(call, is).includes(one));
        const given = orders.get(call.id);
        const isFree = given === undefined || given.step === "refused" || given.from !== is;
        if (action && isFree) give(call, action, is);
        return true;
    }

    const columns = Object.entries(words.columns).filter(([name]) => showsOrganisation || name !== "organisation");
    return (
        <table
            aria-label={words.title}
            onKeyDown={pressed}
            onFocusIn={(event) => event.target instanceof Element && setChosen(idOf(event.target))}
        >
            <thead>
                <tr>
                    {columns.map(([name, said]) => (
                        <th key={name} scope="col" class={name}>
                            <span class={name === "direction" ? "unseen" : undefined}>{said}</span>
                        </th>
                    ))}
                </tr>
            </thead>
            <tbody>
                {calls.map((call) => (
                    <Row
                        key={call.id}
                        call={call}
                        order={orders.get(call.id)}
                        isReached={call.id === reached}
                        mayControl={mayControl}
                        showsOrganisation={showsOrganisation}
                        give={give}
                    />
                ))}
            </tbody>
        </table>
    );
}

function neighbour(row: HTMLElement, key: string): HTMLElement | null {
    const rows = row.parentElement;
    const found = {
        ArrowDown: row.nextElementSibling,
        ArrowUp: row.previousElementSibling,
        Home: rows?.firstElementChild,
        End: rows?.lastElementChild,
    }[key];
    return found instanceof HTMLElement ? found : null;
}
