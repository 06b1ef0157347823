import { memo } from "preact/compat";
import { useLayoutEffect, useRef } from "preact/hooks";
import { href } from "../address";
import { timeOf } from "../format";
import { Link } from "../parts/link";
import { words } from "../words/live";
import { Age } from "./age";
import { Buttons, type Give } from "./buttons";
import { type LiveCall, situationOf } from "./live_call";
import type { Order } from "./orders";
import { SituationMark } from "./situation";

interface Props {
    call: LiveCall;
    order: Order | undefined;
    /** Whether Tab leads to it: of all rows, one. */
    isReached: boolean;
    mayControl: boolean;
    showsOrganisation: boolean;
    give: Give;
}

export const Row = memo(function Row({ call, order, isReached, mayControl, showsOrganisation, give }: Props) {
    const row = useRef<HTMLTableRowElement>(null);
    const situation = situationOf(call);
    const isOver = call.ended_at !== null;
    // An order that came after its event, or that is about what is no more, has nothing to say.
    const current = order?.from === situation.is ? order : undefined;

    const hadFocus = row.current?.contains(document.activeElement) ?? false;

    useLayoutEffect(() => {
        // The button that had the focus is gone.
        if (hadFocus && document.activeElement === document.body) row.current?.focus({ preventScroll: true });
    });

    return (
        <tr ref={row} class={isOver ? "call over" : "call"} data-call={call.id} tabIndex={isReached ? 0 : -1}>
            <td class="since">
                <Age call={call} />
            </td>
            <td class="direction" title={words.directions[call.direction]}>
                <span aria-hidden="true">{words.arrows[call.direction]}</span>
                <span class="unseen">{words.directions[call.direction]}</span>
            </td>
            <Parties call={call} />
            <td class="agent">
                <bdi>{call.agent.name || call.agent.id}</bdi>
            </td>
            <td class="queue">
                <bdi>{call.queue}</bdi>
            </td>
            {showsOrganisation && (
                <td class="organisation">
                    <bdi>{call.organisation}</bdi>
                </td>
            )}
            <td class="recording">
                {isOver ? <span class="ended">{words.ended}</span> : <SituationMark situation={situation} />}
            </td>
            <td class="orders">
                <div class="slots">
                    {mayControl && !isOver && (
                        <Buttons
                            call={call}
                            standing={situation.is}
                            order={current?.step === "refused" ? undefined : current}
                            isReached={isReached}
                            give={give}
                        />
                    )}
                    <Link
                        class="details"
                        href={href("calls", { call: call.id })}
                        tabIndex={isReached ? 0 : -1}
                        title={call.ended_at === null ? undefined : words.endedAt(timeOf(call.ended_at))}
                    >
                        {isOver ? words.open : words.details}
                    </Link>
                </div>
                {current?.step === "refused" && !isOver && (
                    <p class="refused" role="alert">
                        {words.refused[current.action]} <bdi>{current.why}</bdi>
                    </p>
                )}
            </td>
        </tr>
    );
});

function Parties({ call }: { call: LiveCall }) {
    if (call.kind === "conference") {
        return (
            <>
                <td class="from">
                    <bdi>{call.conference}</bdi> <span class="kind">{words.conference}</span>
                </td>
                <td class="to">{call.present !== null && words.present(call.present)}</td>
            </>
        );
    }
    return (
        <>
            <td class="from" title={call.from_number}>
                <bdi>{call.from_number || words.noNumber}</bdi>
            </td>
            <td class="to" title={call.to_number}>
                <bdi>{call.to_number || words.noNumber}</bdi>
                {call.status === "ringing" && <span class="kind"> {words.ringing}</span>}
            </td>
        </>
    );
}
