/** What is not in the sound, one by one: for the keyboard, and for whoever wants the reasons. */

import { clockOf } from "../format";
import { Button } from "../parts/button";
import { words } from "../words/call";
import type { Marked } from "./missing";
import type { Playing } from "./playing";

export function Missing({ marked, playing }: { marked: readonly Marked[]; playing: Playing }) {
    if (marked.length === 0) return null;
    const kinds = [...new Set(marked.map((one) => one.kind))];
    return (
        <details class="missing">
            <summary>
                {kinds.map((kind) => (
                    <span key={kind} class="missing-kind">
                        <span class={`swatch mark-${kind}`} aria-hidden="true" />
                        {words.stretches[kind]}
                    </span>
                ))}
                <span class="quiet">{words.missing(marked.length)}</span>
            </summary>
            <ul>
                {marked.map((one) => (
                    <li key={`${one.kind} ${one.side} ${one.who} ${one.start} ${one.end}`}>
                        <span class={`swatch mark-${one.kind}`} aria-hidden="true" />
                        <Button onClick={() => playing.seek(one.start)} title={words.goTo(clockOf(one.start))}>
                            {one.end > one.start ? `${clockOf(one.start)} – ${clockOf(one.end)}` : clockOf(one.start)}
                        </Button>
                        <span>
                            {words.stretches[one.kind]}
                            {one.who && (
                                <>
                                    {" "}
                                    <bdi>{one.who}</bdi>
                                </>
                            )}
                            : <bdi>{one.reason}</bdi>
                        </span>
                    </li>
                ))}
            </ul>
        </details>
    );
}
