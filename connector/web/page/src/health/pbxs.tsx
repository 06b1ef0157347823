import { words } from "../words/health";
import { Card, Sign } from "./card";
import type { Pbx } from "./health";

const { pbxs: said } = words;

export function Pbxs({ pbxs }: { pbxs: readonly Pbx[] }) {
    return (
        <Card title={said.title}>
            <ul class="things">
                {pbxs.map((one) => (
                    <OnePbx key={one.name} pbx={one} />
                ))}
            </ul>
        </Card>
    );
}

function OnePbx({ pbx }: { pbx: Pbx }) {
    return (
        <li>
            <div class="head">
                <strong>
                    <bdi>{pbx.name}</bdi>
                </strong>
                <span class="kind">
                    {said.kinds[pbx.kind] ?? pbx.kind} <bdi>{pbx.version}</bdi>
                </span>
                <Connection pbx={pbx} />
            </div>
            {pbx.live_calls !== null && pbx.recorders !== null && (
                <p class="facts">
                    {said.liveCalls(pbx.live_calls)}, {said.recorders(pbx.recorders)}
                </p>
            )}
            {pbx.problems.map((problem) => (
                <p key={problem} class="wrong">
                    <bdi>{problem}</bdi>
                </p>
            ))}
        </li>
    );
}

function Connection({ pbx }: { pbx: Pbx }) {
    if (pbx.is_connected === null) {
        return (
            <Sign kind="quiet" title={said.elsewhereHelp}>
                {said.elsewhere}
            </Sign>
        );
    }
    return pbx.is_connected ? <Sign kind="good">{said.connected}</Sign> : <Sign kind="bad">{said.lost}</Sign>;
}
