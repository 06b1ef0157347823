import { words } from "../words/live";
import type { Situation } from "./live_call";

/** How a call stands with its recording, and why. */
export function SituationMark({ situation }: { situation: Situation }) {
    const { is, why } = situation;
    return (
        <span class={`situation situation-${is}`} title={why}>
            <span class="lamp" aria-hidden="true" />
            <span class="standing">{words.standings[is]}</span>
            {why && <bdi class="why">{why}</bdi>}
        </span>
    );
}
