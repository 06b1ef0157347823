import type { RefObject } from "preact";
import { useMemo, useRef, useState } from "preact/hooks";
import { turn, useAddress } from "../address";
import { Button } from "../parts/button";
import { Trouble } from "../parts/trouble";
import { isOfTheHouse, may, useSession } from "../session/session";
import { words } from "../words/live";
import { Announced } from "./announced";
import { countOf } from "./calls_now";
import { Dialling } from "./dialling";
import type { Connection } from "./events";
import { MOST, useCallsNow } from "./follow";
import { useHands } from "./hands";
import { Keys, useKey } from "./keys";
import type { LiveCall } from "./live_call";
import { useOrders } from "./orders";
import { CallsTable } from "./table";
import "./live.css";
import "./table.css";
import "./cards.css";

/** So many rows a browser keeps up with, each of them growing older by the second. */
const ROWS_AT_ONCE = 1000;

/** The calls of this moment, as they go. */
export function LiveView() {
    const { list, hands, moved } = useHands();
    const field = useRef<HTMLInputElement>(null);
    useKey("/", () => field.current?.focus());
    const { calls, connection, isKnown, isWhole, error, again, look } = useCallsNow(hands);
    const { orders, give } = useOrders(look);
    const find = useAddress().query.get("find") ?? "";
    const fitting = useMemo(() => [...calls.values()].filter((call) => fits(call, find)), [calls, find]);
    const [most, setMost] = useState(ROWS_AT_ONCE);
    const shown = useMemo(() => fitting.slice(0, most), [fitting, most]);
    const count = countOf(calls.values());
    const isEmpty = isKnown && shown.length === 0;

    return (
        <div class="live">
            <header class="bar">
                <h1>{words.title}</h1>
                <ConnectionState is={connection} />
                <span class="summary">
                    {isKnown && words.summary(count)}
                    {find && <span class="shown"> ({words.of(fitting.length, calls.size)})</span>}
                </span>
                <Finding find={find} field={field} />
                <Keys />
                <Dial />
            </header>
            {isKnown && <Announced text={words.summary(count)} />}
            {connection === "lost" && isKnown && <p class="notice">{words.isOld}</p>}
            {!isWhole && <p class="notice">{words.isCut(MOST)}</p>}
            {error !== null && <Trouble error={error} again={again} />}
            {isEmpty && <p class="nothing">{calls.size ? words.nothingFits : words.nothing}</p>}
            <div class="list" ref={list} onPointerMove={moved}>
                {shown.length > 0 && (
                    <CallsTable
                        calls={shown}
                        orders={orders}
                        mayControl={may("control")}
                        showsOrganisation={isOfTheHouse()}
                        give={give}
                    />
                )}
            </div>
            {shown.length < fitting.length && (
                <p class="more">
                    {words.firstOf(shown.length, fitting.length)}{" "}
                    <Button onClick={() => setMost(most + ROWS_AT_ONCE)}>{words.more}</Button>
                </p>
            )}
        </div>
    );
}

function ConnectionState({ is }: { is: Connection }) {
    return (
        <span class={`connection connection-${is}`} role="status">
            <span class="lamp" aria-hidden="true" />
            {words.connection[is]}
        </span>
    );
}

function Finding({ find, field }: { find: string; field: RefObject<HTMLInputElement | null> }) {
    return (
        <label class="find">
            <span class="unseen">{words.find}</span>
            <input
                ref={field}
                type="search"
                value={find}
                placeholder={words.findHelp}
                onInput={(event) => turn({ find: event.currentTarget.value }, "replace")}
            />
        </label>
    );
}

function Dial() {
    const [isOpen, setOpen] = useState(false);
    if (!useSession()?.may_place_calls || !may("control")) return null;
    return (
        <>
            <Button onClick={() => setOpen(true)}>{words.dial}</Button>
            {isOpen && <Dialling onClose={() => setOpen(false)} />}
        </>
    );
}

function fits(call: LiveCall, find: string): boolean {
    const wanted = find.trim().toLowerCase();
    const said = [
        call.from_number,
        call.to_number,
        call.conference,
        call.agent.name,
        call.agent.id,
        call.queue,
        call.organisation,
    ];
    return wanted === "" || said.some((one) => one.toLowerCase().includes(wanted));
}
