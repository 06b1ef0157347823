import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { go, href, useAddress } from "../address";
import { words } from "../words/calls";
import { Empty } from "./empty";
import { filtersOf, searchOf } from "./filters";
import { useCalls } from "./following";
import { HandingOut } from "./handing_out";
import { useKeys } from "./keys";
import { KeysHelp } from "./keys_help";
import { PanelEdge } from "./panel_edge";
import { PanelPlace, useBeside } from "./panel_place";
import type { Row } from "./row";
import { Below, Newer, Trouble } from "./standing";
import { CallsTable } from "./table";
import { Toolbar } from "./toolbar";
import "./calls.css";
import "./toolbar.css";
import "./table.css";
import "./cells.css";
import "./in_lines.css";

type Asked = "help" | "handing out" | null;

/** All calls: found by what the address says, the open one beside them. */
export function CallsView() {
    const { query } = useAddress();
    const filters = useMemo(() => filtersOf(query), [query]);
    const search = searchOf(filters);
    const openId = query.get("call");
    const { calls, listing, connection } = useCalls(filters, search);
    const [active, setActive] = useState<Row | undefined>(undefined);
    const [hasFields, setFields] = useState(false);
    const [asked, setAsked] = useState<Asked>(null);
    const field = useRef<HTMLInputElement>(null);
    const grid = useRef<HTMLTableElement>(null);
    const isBeside = useBeside();
    const isCovered = openId !== null && !isBeside;

    const toList = (): void => grid.current?.focus({ preventScroll: true });
    const close = (): void => go(href("calls", new URLSearchParams(search)));
    const showNewer = (): void => calls.ask(filters);
    useFocusBack(openId, toList);
    useKeys({
        "/": isCovered ? undefined : () => field.current?.select(),
        g: isCovered ? undefined : () => document.querySelector<HTMLInputElement>("[data-filter=to_date]")?.focus(),
        f: isCovered ? undefined : () => setFields(!hasFields),
        n: isCovered || !listing.newer ? undefined : showNewer,
        "?": () => setAsked("help"),
        Escape: openId === null ? undefined : close,
    });

    return (
        <div class={`calls${openId === null ? "" : isBeside ? " beside" : " covered"}`}>
            <section class="list" aria-label={words.title} inert={isCovered}>
                <h1 class="unseen">{words.title}</h1>
                <Toolbar
                    field={field}
                    filters={filters}
                    listing={listing}
                    isOpen={hasFields}
                    onOpen={setFields}
                    onLeave={toList}
                    onHandOut={() => setAsked("handing out")}
                    onHelp={() => setAsked("help")}
                />
                <Trouble listing={listing} again={() => calls.again()} />
                <div class={`ground${listing.isAwaited ? " awaited" : ""}`}>
                    <Newer count={listing.newer} show={showNewer} />
                    {listing.rows.length === 0 ? (
                        <Empty listing={listing} />
                    ) : (
                        <CallsTable
                            listing={listing}
                            search={search}
                            openId={openId}
                            isCovered={isCovered}
                            grid={grid}
                            more={() => calls.more()}
                            open={go}
                            onActive={setActive}
                        />
                    )}
                </div>
                <Below listing={listing} connection={connection} active={active} />
            </section>
            {openId !== null && isBeside && <PanelEdge />}
            {openId !== null && <PanelPlace id={openId} rows={listing.rows} isBeside={isBeside} onClose={close} />}
            {asked === "help" && <KeysHelp onClose={() => setAsked(null)} />}
            {asked === "handing out" && <HandingOut listing={listing} onClose={() => setAsked(null)} />}
        </div>
    );
}

/** When a call closes, by whatever way, the focus is at its row again. */
function useFocusBack(openId: string | null, toList: () => void): void {
    const before = useRef(openId);
    useEffect(() => {
        const hasClosed = before.current !== null && openId === null;
        before.current = openId;
        if (hasClosed && document.activeElement === document.body) toList();
    }, [openId]);
}
