import { useEffect, useId, useState } from "preact/hooks";
import { api, type Bodies, told } from "../../api/client";
import { momentOf } from "../../format";
import { useAsked } from "../../parts/asked";
import { Button } from "../../parts/button";
import { Trouble } from "../../parts/trouble";
import { words } from "../../words/call_facts";
import { useAct } from "./act";
import { Fact, Said } from "./fact";
import { named } from "./named";
import { Outcome } from "./outcome";

const W = words.notifications;
type Item = Bodies["NotificationItem"];
type Detail = Bodies["NotificationDetail"];
const LOOK_AGAIN_MILLISECONDS = 5_000;
const LONGEST_PAUSE_MILLISECONDS = 600_000;

/** One notification in a line; opened, with its body and its tries. */
export function Notice({ item, changed }: { item: Item; changed: (item: Item) => void }) {
    const [isOpen, setOpen] = useState(false);
    const act = useAct();
    const detail = useId();
    useOutcome(item, changed);

    async function replay(): Promise<string> {
        const path = { id: item.id };
        changed(await told(api.POST("/v1/notifications/{id}/replay", { params: { path } })));
        return W.replayed;
    }

    return (
        <li>
            <div class="notice-line">
                <code>
                    <Said>{item.type}</Said>
                </code>
                <Said>{item.endpoint}</Said>
                <span class={`notice-${item.state}`}>{named(W.states, item.state)}</span>
                <span class="leg-quiet">
                    {W.tries} {item.attempts}
                </span>
                <span class="notice-acts">
                    <Button
                        aria-expanded={isOpen}
                        aria-controls={detail}
                        aria-label={W.showOf(item.type, item.endpoint)}
                        onClick={() => setOpen(!isOpen)}
                    >
                        {isOpen ? W.close : W.open}
                    </Button>
                    <Button
                        isBusy={act.isBusy}
                        disabled={item.state === "waiting"}
                        aria-label={W.replayOf(item.type, item.endpoint)}
                        onClick={() => void act.run(replay)}
                    >
                        {W.replay}
                    </Button>
                </span>
            </div>
            {item.reason && (
                <p class="notice-reason">
                    {W.last}: <Said>{item.reason}</Said>
                </p>
            )}
            <Outcome act={act} />
            <div id={detail}>{isOpen && <Opened item={item} />}</div>
        </li>
    );
}

/** What waits is looked at again when it has been tried. */
function useOutcome(item: Item, changed: (item: Item) => void): void {
    useEffect(() => {
        if (item.state !== "waiting") return;
        const look = (): void => {
            const path = { id: item.id };
            // What can't be had now is asked for again.
            told(api.GET("/v1/notifications/{id}", { params: { path } })).then(changed, () => undefined);
        };
        const left = item.next_at === null ? 0 : Date.parse(item.next_at) - Date.now();
        const pause = Math.min(Math.max(LOOK_AGAIN_MILLISECONDS, left), LONGEST_PAUSE_MILLISECONDS);
        const timer = setInterval(() => document.hidden || look(), pause);
        return () => clearInterval(timer);
    }, [item]);
}

function Opened({ item }: { item: Item }) {
    const asked = useAsked(
        (signal) => told(api.GET("/v1/notifications/{id}", { params: { path: { id: item.id } }, signal })),
        [item.id, item.state, item.attempts],
    );
    if (asked.error) return <Trouble error={asked.error} again={asked.again} />;
    if (!asked.value) return null;
    return (
        <>
            <dl class="facts-list">
                <Fact name={W.created}>{momentOf(item.created_at)}</Fact>
                <Fact name={W.next}>{asked.value.next_at && momentOf(asked.value.next_at)}</Fact>
            </dl>
            <h4>{W.attempts}</h4>
            <Tries tries={asked.value.tries} />
            <h4>{W.body}</h4>
            <pre class="notice-body">
                <Said>{readable(asked.value.body)}</Said>
            </pre>
        </>
    );
}

function Tries({ tries }: { tries: Detail["tries"] }) {
    if (!tries.length) return <p class="help">{W.noTries}</p>;
    return (
        <ol class="facts-plain">
            {tries.map((one) => (
                <li key={one.at}>
                    {momentOf(one.at)} – {one.status ?? W.silent} – {W.seconds(one.seconds)}
                    {one.fallback && ` – ${W.fallback}`} – {one.reason ? <Said>{one.reason}</Said> : W.taken}
                </li>
            ))}
        </ol>
    );
}

/** JSON in lines; what is none, as it is. */
function readable(body: string): string {
    try {
        return JSON.stringify(JSON.parse(body), null, 2);
    } catch {
        return body;
    }
}
