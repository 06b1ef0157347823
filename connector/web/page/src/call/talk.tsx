/** Who spoke for how long, in a line. */

import type { Bodies } from "../api/client";
import { clockOf } from "../format";
import { words } from "../words/call";
import { colourOf } from "./colours";
import { nameOf } from "./sound";

const share = new Intl.NumberFormat(undefined, { style: "percent" });

export function Talk({ talk }: { talk: Bodies["TalkBody"] }) {
    const said = talk.sides.reduce((sum, side) => sum + side.talk_seconds, 0);
    return (
        <ul class="talk" aria-label={words.talk}>
            {talk.sides.map((side) => (
                <li key={`${side.role} ${side.party}`}>
                    <span class={`swatch swatch${colourOf(side)}`} aria-hidden="true" />
                    <bdi>
                        {words.talked(
                            nameOf(side),
                            share.format(said && side.talk_seconds / said),
                            clockOf(side.talk_seconds),
                        )}
                    </bdi>
                    {side.interruptions > 0 && <span class="quiet">{words.interruptions(side.interruptions)}</span>}
                </li>
            ))}
            <li>{words.silence(clockOf(talk.silence_seconds))}</li>
            {talk.overlap_seconds > 0 && <li>{words.overlap(clockOf(talk.overlap_seconds))}</li>}
        </ul>
    );
}
