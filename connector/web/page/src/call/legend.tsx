/** Who is who: the colours of the speakers, and whom one wants to hear. */

import type { Recording } from "../api/client";
import { Button } from "../parts/button";
import { words } from "../words/call";
import { colourOf } from "./colours";
import type { Playing, PlayingState } from "./playing";
import { nameOf, type Speaker } from "./sound";

interface Props {
    readonly playing: Playing;
    readonly state: PlayingState;
    readonly speakers: readonly Speaker[];
    readonly recording: Recording;
    /** Whether one can be heard without the other. */
    readonly isApart: boolean;
}

export function Legend({ playing, state, speakers, recording, isApart }: Props) {
    if (speakers.length === 0) return <Everybody recording={recording} />;
    return (
        <ul class="legend">
            {speakers.map((one) => (
                <li key={one.side}>
                    <span class={`swatch swatch${colourOf(one)}`} aria-hidden="true" />
                    <span class="legend-name">
                        {words.roles[one.role]} {one.party && <bdi>{one.party}</bdi>}
                    </span>
                    {isApart && <Hearing playing={playing} state={state} speaker={one} />}
                </li>
            ))}
        </ul>
    );
}

function Hearing({ playing, state, speaker }: { playing: Playing; state: PlayingState; speaker: Speaker }) {
    const { side } = speaker;
    const { solo, muted } = state.hearing;
    const name = nameOf(speaker);
    return (
        <>
            <Button
                aria-pressed={muted[side]}
                aria-label={words.muteOne(name)}
                title={words.muteOne(name)}
                onClick={() => playing.muteOne(side)}
            >
                {words.mute}
            </Button>
            <Button
                aria-pressed={solo === side}
                aria-label={words.soloOne(name)}
                title={words.soloOne(name)}
                onClick={() => playing.solo(side)}
            >
                {words.solo}
            </Button>
        </>
    );
}

function Everybody({ recording }: { recording: Recording }) {
    return (
        <ul class="legend">
            <li>
                <span class="swatch swatch--accent" aria-hidden="true" />
                <span class="legend-name">{words.everybody}</span>
            </li>
            {recording.channels.map((one) => (
                <li key={one.index}>
                    <bdi>{one.party || words.roles[one.role]}</bdi>
                </li>
            ))}
        </ul>
    );
}
