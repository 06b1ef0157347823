import { Button } from "../parts/button";
import { words } from "../words/live";
import { type Action, type LiveCall, possible, type Standing } from "./live_call";
import type { Order } from "./orders";

const SLOTS: readonly (readonly Action[])[] = [
    ["start", "stop"],
    ["pause", "resume"],
];

export type Give = (call: LiveCall, action: Action, from: Standing) => void;

interface Props {
    call: LiveCall;
    standing: Standing;
    /** One that is under way. */
    order: Order | undefined;
    isReached: boolean;
    give: Give;
}

/** What may be ordered of a call's recording. A button stays where it is when its word changes, and keeps the focus
 * while its order is under way. */
export function Buttons({ call, standing, order, isReached, give }: Props) {
    const allowed = possible(call, standing);
    const whose = words.between(call.from_number || words.noNumber, call.conference || call.to_number);
    return SLOTS.map((slot) => {
        const action = slot.find((one) => allowed.includes(one));
        if (!action) return null;
        const isBusy = order?.action === action;
        const said = isBusy ? words.underWay[action] : words.actions[action];
        return (
            <Button
                key={slot[0]}
                data-action={action}
                tabIndex={isReached ? 0 : -1}
                aria-disabled={order !== undefined}
                aria-label={words.about(said, whose)}
                onClick={() => order || give(call, action, standing)}
            >
                {said}
            </Button>
        );
    });
}
