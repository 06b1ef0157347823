import { useId, useState } from "preact/hooks";
import { api, type Bodies, type Call, Problem, told } from "../../api/client";
import { Button } from "../../parts/button";
import { Dialog } from "../../parts/dialog";
import { words } from "../../words/call_facts";
import { isKept } from "./absence";
import { type Act, refusalText, useAct } from "./act";
import { Said } from "./fact";
import { named } from "./named";
import { Outcome } from "./outcome";

const W = words.keeping;
type Erased = Bodies["ErasedCallView"];
/** Of these there is, or may be, something at the destination. */
const THERE: ReadonlySet<string> = new Set(["stored", "left", "undeletable", "deleting", "waiting", "refused"]);

type Props = { call: Call; reload: () => void; canDelete: boolean };

/** What came of it is still to be read when nothing is left to delete. */
export function Deleting({ call, reload, canDelete }: Props) {
    const [isAsked, setAsked] = useState(false);
    const [stuck, setStuck] = useState<Erased["things"]>([]);
    const act = useAct();

    async function remove(): Promise<string> {
        const params = { path: { call_id: call.id } };
        const erased = await told(api.DELETE("/v1/calls/{call_id}/recording", { params }));
        setAsked(false);
        setStuck(erased.things.filter((one) => one.state === "cannot_be"));
        reload();
        const underWay = erased.things.filter((one) => one.state === "under_way").length;
        return underWay ? W.removing(underWay) : W.removed;
    }

    return (
        <div class="facts-delete">
            {canDelete && (
                <Button kind="danger" onClick={() => setAsked(true)}>
                    {W.remove(countOf(call))}
                </Button>
            )}
            {!isAsked && <Outcome act={act} />}
            {stuck.length > 0 && <Stuck things={stuck} />}
            {isAsked && <Question call={call} act={act} remove={remove} close={() => setAsked(false)} />}
        </div>
    );
}

/** All that are there go together. */
function countOf(call: Call): number {
    return call.recordings.filter(isKept).length;
}

function Stuck({ things }: { things: Erased["things"] }) {
    return (
        <div class="refusal" role="alert">
            <p>{W.removeStuck}</p>
            <ul>
                {things.map((one) => (
                    <li key={`${one.recording_id}/${one.kind}/${one.destination}`}>
                        {named(words.files.kinds, one.kind)} <Said>{one.destination}</Said>: <Said>{one.reason}</Said>
                    </li>
                ))}
            </ul>
        </div>
    );
}

type QuestionProps = { call: Call; act: Act; remove: () => Promise<string>; close: () => void };

/** Says what goes, and wants it typed. */
function Question({ call, act, remove, close }: QuestionProps) {
    const [typed, setTyped] = useState("");
    const id = useId();
    const numbers = [call.from_number, call.to_number].filter((one) => one !== "");
    const isConfirmed = [W.removeWord, ...numbers].includes(typed.trim());
    return (
        <Dialog title={W.removeTitle(countOf(call))} onClose={close}>
            <form
                class="facts-confirm"
                onSubmit={(event) => {
                    event.preventDefault();
                    if (isConfirmed) void act.run(remove);
                }}
            >
                <WhatGoes call={call} />
                <label for={id}>
                    {W.removeConfirm} <strong>{W.removeWord}</strong>
                    {numbers.map((number) => (
                        <span key={number}>
                            {" "}
                            {W.removeOr}{" "}
                            <strong>
                                <Said>{number}</Said>
                            </strong>
                        </span>
                    ))}
                </label>
                <input
                    id={id}
                    value={typed}
                    autocomplete="off"
                    autocapitalize="off"
                    spellcheck={false}
                    onInput={(event) => setTyped(event.currentTarget.value)}
                />
                <p class="refusal" role="alert">
                    {act.refusal !== null && <bdi>{whyNot(act.refusal)}</bdi>}
                </p>
                <div class="facts-acts">
                    <Button onClick={close}>{W.cancel}</Button>
                    <Button kind="danger" type="submit" isBusy={act.isBusy} disabled={!isConfirmed}>
                        {W.removeDo}
                    </Button>
                </div>
            </form>
        </Dialog>
    );
}

function WhatGoes({ call }: { call: Call }) {
    const copies = call.recordings.flatMap((one) => one.deliveries).filter((one) => THERE.has(one.state));
    const places = [...new Set(copies.map((one) => one.destination))];
    return (
        <>
            <p>{W.removeWhat}</p>
            <ul>
                <li>
                    {W.removeCopies(copies.length)}
                    {places.map((place, index) => (
                        <span key={place}>
                            {index ? ", " : ` ${W.removeAt} `}
                            <Said>{place}</Said>
                        </span>
                    ))}
                </li>
                <li>{W.removeTranscript}</li>
                <li>{W.removeFiles}</li>
            </ul>
            <p class="help">{W.removeStays}</p>
        </>
    );
}

function whyNot(refusal: unknown): string {
    return refusal instanceof Problem && refusal.status === 423 ? W.locked : refusalText(refusal);
}
