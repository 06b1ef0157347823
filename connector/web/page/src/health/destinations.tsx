import { words } from "../words/health";
import { Ago } from "./ago";
import { Card, Sign } from "./card";
import type { Destination } from "./health";

const { destinations: said } = words;

export function Destinations({ destinations }: { destinations: readonly Destination[] }) {
    return (
        <Card title={said.title}>
            {destinations.length === 0 && <p class="help">{said.none}</p>}
            <ul class="things">
                {destinations.map((one) => (
                    <OneDestination key={one.name} destination={one} />
                ))}
            </ul>
        </Card>
    );
}

function OneDestination({ destination: one }: { destination: Destination }) {
    return (
        <li>
            <div class="head">
                <strong>
                    <bdi>{one.name}</bdi>
                </strong>
                <span class="kind">{said.kinds[one.kind] ?? one.kind}</span>
                <Copies destination={one} />
            </div>
            {one.waiting !== null && (
                <p class="facts">
                    {one.stored_last ? (
                        <>
                            {said.storedLast} <Ago at={one.stored_last} />
                        </>
                    ) : (
                        said.neverStored
                    )}
                </p>
            )}
            <Why reason={one.reason} isWrong={Boolean(one.refused || one.gave_up)} />
            <Why reason={one.undeletable_reason} isWrong />
        </li>
    );
}

function Why({ reason, isWrong }: { reason: string; isWrong: boolean }) {
    return reason ? (
        <p class={isWrong ? "wrong" : "facts"}>
            <bdi>{reason}</bdi>
        </p>
    ) : null;
}

function Copies({ destination: one }: { destination: Destination }) {
    const { waiting, refused, gave_up, undeletable } = one;
    if (waiting === null || refused === null || gave_up === null || undeletable === null) {
        return <Sign kind="quiet">{words.unknown}</Sign>;
    }
    const isSettled = !waiting && !refused && !gave_up && !undeletable;
    return (
        <>
            {refused > 0 && <Sign kind="bad">{said.refused(refused)}</Sign>}
            {gave_up > 0 && <Sign kind="bad">{said.gaveUp(gave_up)}</Sign>}
            {undeletable > 0 && <Sign kind="bad">{said.undeletable(undeletable)}</Sign>}
            {waiting > 0 && <Sign kind="warn">{said.waiting(waiting)}</Sign>}
            {isSettled && <Sign kind="good">{said.settled}</Sign>}
        </>
    );
}
