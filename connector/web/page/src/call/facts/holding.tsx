import { useId, useState } from "preact/hooks";
import { api, type Call, told } from "../../api/client";
import { momentOf } from "../../format";
import { Button } from "../../parts/button";
import { useSession } from "../../session/session";
import { words } from "../../words/call_facts";
import { type Act, useAct } from "./act";
import { Said } from "./fact";
import { Outcome } from "./outcome";
import "./forms.css";

const W = words.keeping;
type Hold = NonNullable<Call["recordings"][number]["hold"]>;
type Props = { call: Call; act: Act; reload: () => void };

export function Holding({ call, reload }: { call: Call; reload: () => void }) {
    const act = useAct();
    const hold = call.recordings.find((one) => one.hold)?.hold;
    return (
        <div class="facts-hold">
            <h4>{W.holds}</h4>
            {hold ? (
                <Held call={call} act={act} reload={reload} hold={hold} />
            ) : (
                <Place call={call} act={act} reload={reload} />
            )}
            <Outcome act={act} />
        </div>
    );
}

function Place({ call, act, reload }: Props) {
    const [reason, setReason] = useState("");
    const id = useId();
    return (
        <form
            class="facts-form"
            onSubmit={(event) => {
                event.preventDefault();
                void act.run(async () => {
                    await place(call, reason.trim());
                    reload();
                    return W.held;
                });
            }}
        >
            <label for={id}>{W.holdReason}</label>
            <input
                id={id}
                value={reason}
                maxLength={1000}
                required
                dir="auto"
                autocomplete="off"
                aria-describedby={`${id}-help`}
                onInput={(event) => setReason(event.currentTarget.value)}
            />
            <Button type="submit" isBusy={act.isBusy} disabled={!reason.trim()}>
                {W.hold}
            </Button>
            <p id={`${id}-help`} class="help">
                {W.holdHelp}
            </p>
        </form>
    );
}

function Held({ call, act, reload, hold }: Props & { hold: Hold }) {
    const session = useSession();
    const isMine = hold.release_by === `key ${session?.key_id}`;

    async function release(): Promise<string> {
        const params = { path: { call_id: call.id } };
        const answer = await told(api.DELETE("/v1/calls/{call_id}/recording/hold", { params }));
        reload();
        return answer.released ? W.released : W.releaseWaits;
    }

    async function callOff(): Promise<string> {
        await place(call, hold.reason);
        reload();
        return W.calledOff;
    }

    return (
        <>
            <p>
                {W.heldSince} {momentOf(hold.at)} {W.heldBy} <Said>{hold.by}</Said>
                {hold.reason && (
                    <>
                        : <Said>{hold.reason}</Said>
                    </>
                )}
            </p>
            <p class="help">
                {!hold.release_by && W.releaseHelp}
                {isMine && W.releaseMine}
                {hold.release_by && !isMine && <bdi>{W.releaseAsked(hold.release_by)}</bdi>}
            </p>
            <div class="facts-acts">
                {!isMine && (
                    <Button isBusy={act.isBusy} onClick={() => void act.run(release)}>
                        {hold.release_by ? W.releaseSecond : W.release}
                    </Button>
                )}
                {hold.release_by && (
                    <Button isBusy={act.isBusy} onClick={() => void act.run(callOff)}>
                        {W.callOff}
                    </Button>
                )}
            </div>
        </>
    );
}

/** Placed again, a release that was asked for is called off. */
async function place(call: Call, reason: string): Promise<void> {
    const params = { path: { call_id: call.id } };
    await told(api.PUT("/v1/calls/{call_id}/recording/hold", { params, body: { reason } }));
}
