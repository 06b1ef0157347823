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
            {one.reason && (
                <p class={one.refused || one.gave_up ? "wrong" : "facts"}>
                    <bdi>{one.reason}</bdi>
                </p>
            )}
        </li>
    );
}

function Copies({ destination: one }: { destination: Destination }) {
    if (one.waiting === null || one.refused === null || one.gave_up === null) {
        return <Sign kind="quiet">{words.unknown}</Sign>;
    }
    const isSettled = !one.waiting && !one.refused && !one.gave_up;
    return (
        <>
            {one.refused > 0 && <Sign kind="bad">{said.refused(one.refused)}</Sign>}
            {one.gave_up > 0 && <Sign kind="bad">{said.gaveUp(one.gave_up)}</Sign>}
            {one.waiting > 0 && <Sign kind="warn">{said.waiting(one.waiting)}</Sign>}
            {isSettled && <Sign kind="good">{said.settled}</Sign>}
        </>
    );
}
