import type { Call, Recording } from "../../api/client";
import { momentOf } from "../../format";
import { may } from "../../session/session";
import { words } from "../../words/call_facts";
import { Said } from "./fact";
import { named } from "./named";
import { RetryButton } from "./retry";
import { Section } from "./section";
import "./tables.css";

const W = words.deliveries;
type Delivery = Recording["deliveries"][number];
/** Somebody has to look at it. */
const TROUBLED: ReadonlySet<string> = new Set(["refused", "gave-up", "undeletable"]);
const MISSING: ReadonlySet<string> = new Set(["refused", "gave-up"]);

/** Each file at each destination, and what became of it. */
export function Deliveries({ call, reload }: { call: Call; reload: () => void }) {
    const all = call.recordings.flatMap((one) => one.deliveries);
    const stored = all.filter((one) => one.state === "stored").length;
    const isTroubled = all.some((one) => TROUBLED.has(one.state));
    const summary = <span class={isTroubled ? "bad" : ""}>{W.summary(stored, all.length)}</span>;
    return (
        <Section name="deliveries" isOpenAtFirst={isTroubled} aside={all.length ? summary : null}>
            {() =>
                call.recordings.map((recording, place) => (
                    <section key={recording.id}>
                        {call.recordings.length > 1 && (
                            <h4>{words.about.recordingOf(place + 1, call.recordings.length)}</h4>
                        )}
                        <DeliveryTable recording={recording} />
                        {may("admin") && canBeTried(recording) && (
                            <RetryButton recording={recording} reload={reload} label={W.retry} />
                        )}
                    </section>
                ))
            }
        </Section>
    );
}

/** Not what is being tried at this moment; what failed as a whole has its button where it is said why. */
function canBeTried(recording: Recording): boolean {
    const isThere = recording.state === "rendered" || recording.state === "available";
    return isThere && recording.deliveries.some((one) => MISSING.has(one.state) || one.next_try_at !== null);
}

function DeliveryTable({ recording }: { recording: Recording }) {
    if (!recording.deliveries.length) return <p class="help">{W.none}</p>;
    return (
        <table class="facts-table">
            <thead>
                <tr>
                    <th scope="col">{W.destination}</th>
                    <th scope="col">{W.file}</th>
                    <th scope="col">{W.state}</th>
                    <th scope="col" class="number">
                        {W.attempts}
                    </th>
                    <th scope="col">{W.next}</th>
                </tr>
            </thead>
            <tbody>
                {recording.deliveries.map((one) => (
                    <DeliveryLine key={`${one.destination}/${one.kind}`} delivery={one} />
                ))}
            </tbody>
        </table>
    );
}

function DeliveryLine({ delivery }: { delivery: Delivery }) {
    const stored = delivery.state === "stored" && delivery.stored_at ? ` ${momentOf(delivery.stored_at)}` : "";
    return (
        <>
            <tr>
                <th scope="row" class="destination">
                    <Said>{delivery.destination}</Said>
                </th>
                <td>{named(words.files.kinds, delivery.kind)}</td>
                <td class={`delivery-${delivery.state}`}>
                    {named(W.states, delivery.state)}
                    {stored}
                </td>
                <td class="number">{delivery.attempts || ""}</td>
                <td>{nextTry(delivery)}</td>
            </tr>
            {delivery.reason && (
                <tr class="delivery-reason">
                    <td colSpan={5}>
                        {W.reason}: <Said>{delivery.reason}</Said>
                    </td>
                </tr>
            )}
        </>
    );
}

function nextTry(delivery: Delivery): string {
    if (delivery.state !== "waiting") return "";
    return delivery.next_try_at ? momentOf(delivery.next_try_at) : W.now;
}
