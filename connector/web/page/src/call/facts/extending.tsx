import { useId, useState } from "preact/hooks";
import { api, type Call, Problem, told } from "../../api/client";
import { momentOf } from "../../format";
import { Button } from "../../parts/button";
import { words } from "../../words/call_facts";
import { refusalText, useAct } from "./act";
import "./forms.css";

const W = words.keeping;
const MOST_DAYS = 3650;

export function Extending({ call, reload }: { call: Call; reload: () => void }) {
    const [days, setDays] = useState("");
    const [isForEver, setForEver] = useState(false);
    const act = useAct();
    const id = useId();

    async function extend(): Promise<string> {
        const wanted = isForEver ? ("unlimited" as const) : wholeDays(days);
        const params = { path: { call_id: call.id } };
        const kept = await told(api.POST("/v1/calls/{call_id}/recording/extend", { params, body: { days: wanted } }));
        reload();
        const first = kept.recordings.flatMap((one) => one.expires_at ?? []).sort()[0];
        return first ? W.extended(momentOf(first)) : W.extendedForEver;
    }

    return (
        <form
            class="facts-form"
            noValidate
            onSubmit={(event) => {
                event.preventDefault();
                void act.run(extend);
            }}
        >
            <h4>{W.extend}</h4>
            <label for={id}>{W.days}</label>
            <input
                id={id}
                type="number"
                min={1}
                max={MOST_DAYS}
                step={1}
                value={days}
                disabled={isForEver}
                aria-invalid={act.refusal !== null}
                aria-describedby={`${id}-help ${id}-refusal`}
                onInput={(event) => setDays(event.currentTarget.value)}
            />
            <label class="facts-check">
                <input
                    type="checkbox"
                    checked={isForEver}
                    onChange={(event) => setForEver(event.currentTarget.checked)}
                />{" "}
                {W.forEver}
            </label>
            <Button type="submit" isBusy={act.isBusy} disabled={!isForEver && !days}>
                {W.extendDo}
            </Button>
            <p id={`${id}-refusal`} class="refusal" role="alert">
                {act.refusal !== null && <bdi>{fieldText(act.refusal)}</bdi>}
            </p>
            <p id={`${id}-help`} class="help">
                {W.extendHelp}
            </p>
            <p class="outcome" role="status">
                {act.outcome}
            </p>
        </form>
    );
}

/** Raises a Problem as the server would. */
function wholeDays(said: string): number {
    const days = Number(said);
    if (!Number.isInteger(days) || days < 1 || days > MOST_DAYS) throw new Problem(422, W.wrongDays);
    return days;
}

/** What the server says of the very field, where it does: the plan's limit. */
function fieldText(refusal: unknown): string {
    return (refusal instanceof Problem && refusal.fields.get("/days")) || refusalText(refusal);
}
