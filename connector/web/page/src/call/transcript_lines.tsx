/** The lines of a transcript beside the sound: what is said is lit, what is clicked is heard. Drawn once; from then on
 * only single words get another class, for three hours of talk are 30,000 of them. */

import type { ComponentChildren } from "preact";
import { memo } from "preact/compat";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { addressNow } from "../address";
import { clockOf } from "../format";
import { Button } from "../parts/button";
import { words } from "../words/call";
import { colourOf } from "./colours";
import type { Playing } from "./playing";
import type { Document } from "./transcript_asked";
import { useFollowing } from "./transcript_following";
import { TranscriptSearch } from "./transcript_search";
import { type Heard, heardIn, lineAt, wordsOf } from "./transcript_words";

type Turn = Document["turns"][number];

export function Conversation({ document, playing }: { document: Document; playing: Playing | null }) {
    const heard = useMemo(() => heardIn(document), [document]);
    const [isFollowing, setFollowing] = useState(true);
    const list = useRef<HTMLOListElement>(null);
    const drawn = useDrawnLines(document.turns.length);
    useFollowing(list, heard, playing, isFollowing);
    if (document.turns.length === 0) return <p class="transcript-none">{words.noWords}</p>;
    const leave = (): void => {
        if (playing) setFollowing(false);
    };
    return (
        <>
            <div class="transcript-tools">
                <TranscriptSearch
                    list={list}
                    heard={heard}
                    drawn={drawn}
                    asked={addressNow().query.get("text") ?? ""}
                    onGo={leave}
                />
                {playing && !isFollowing && (
                    <Button title={words.followHelp} onClick={() => setFollowing(true)}>
                        {words.follow}
                    </Button>
                )}
            </div>
            <Scrolled
                list={list}
                onLeave={leave}
                onWord={(index) => seekWord(playing, heard, index)}
                playing={playing}
                heard={heard}
            >
                {Array.from({ length: Math.ceil(drawn / LINES_AT_ONCE) }, (_, batch) => (
                    <Lines
                        key={batch}
                        document={document}
                        heard={heard}
                        from={batch * LINES_AT_ONCE}
                        to={(batch + 1) * LINES_AT_ONCE}
                        isHeard={playing !== null}
                    />
                ))}
            </Scrolled>
        </>
    );
}

function seekWord(playing: Playing | null, heard: Heard, index: number): void {
    const word = heard.byTime.find((one) => one.index === index);
    if (word) playing?.seek(word.start);
}

interface ScrolledProps {
    readonly list: { current: HTMLOListElement | null };
    readonly onLeave: () => void;
    readonly onWord: (index: number) => void;
    readonly playing: Playing | null;
    readonly heard: Heard;
    readonly children: ComponentChildren;
}

const SCROLLING_KEYS: ReadonlySet<string> = new Set(["PageUp", "PageDown", "Home", "End"]);

/** One stop for Tab; within it the arrows go from line to line. Whoever scrolls by hand is not pulled back. */
function Scrolled({ list, onLeave, onWord, playing, heard, children }: ScrolledProps) {
    return (
        <ol
            ref={list}
            class="lines"
            onWheel={onLeave}
            onTouchMove={onLeave}
            onPointerDown={(event) => event.target === event.currentTarget && onLeave()}
            onFocusIn={(event) => roveTo(list.current, event.target)}
            onClick={(event) => {
                const word = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-word]") : null;
                if (word && getSelection()?.isCollapsed !== false) onWord(Number(word.dataset.word));
            }}
            onKeyDown={(event) => {
                if (SCROLLING_KEYS.has(event.key)) onLeave();
                const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
                if (step === 0) return;
                event.preventDefault();
                event.stopPropagation();
                onLeave();
                focusLine(list.current, step, playing ? lineAt(heard, playing.now) : 0);
            }}
        >
            {children}
        </ol>
    );
}

function focusLine(list: HTMLElement | null, step: number, otherwise: number): void {
    const times = [...(list?.querySelectorAll<HTMLElement>(".line-time") ?? [])];
    const at = times.findIndex((one) => one.matches(":focus"));
    const wanted = at < 0 ? otherwise : at + step;
    times[Math.min(Math.max(0, wanted), times.length - 1)]?.focus();
}

function roveTo(list: HTMLElement | null, target: EventTarget | null): void {
    const before = list?.querySelector<HTMLElement>('.line-time[tabindex="0"]');
    if (!(target instanceof HTMLElement) || !target.matches(".line-time") || before === target) return;
    if (before) before.tabIndex = -1;
    target.tabIndex = 0;
}

/** So many at once that nobody waits for the first, and nothing else for the last. */
const LINES_AT_ONCE = 150;

/** How many are drawn by now. */
function useDrawnLines(of: number): number {
    const [drawn, setDrawn] = useState(LINES_AT_ONCE);
    useEffect(() => {
        if (drawn >= of) return;
        const next = setTimeout(() => setDrawn(drawn + LINES_AT_ONCE));
        return () => clearTimeout(next);
    }, [drawn, of]);
    return Math.min(drawn, of);
}

/** From one line up to another. */
const Lines = memo(({ document, heard, from, to, isHeard }: LinesProps) => (
    <>
        {document.turns.slice(from, to).map((turn, place) => {
            const number = from + place;
            return (
                <Line key={number} turn={turn} number={number} first={heard.firsts[number] ?? 0} isHeard={isHeard} />
            );
        })}
    </>
));

interface LinesProps {
    readonly document: Document;
    readonly heard: Heard;
    readonly from: number;
    readonly to: number;
    /** There is sound to it. */
    readonly isHeard: boolean;
}

interface LineProps {
    readonly turn: Turn;
    readonly number: number;
    /** The index of its first word. */
    readonly first: number;
    readonly isHeard: boolean;
}

function Line({ turn, number, first, isHeard }: LineProps) {
    return (
        <li
            class={`line line${colourOf(turn.role === "agent" ? { role: "agent" } : { role: "caller" })}`}
            data-line={number}
        >
            <Time turn={turn} number={number} first={first} isHeard={isHeard} />
            <span class="line-who">
                {turn.role === "agent" || turn.role === "caller" ? words.roles[turn.role] : words.mixed}{" "}
                <bdi>{turn.party}</bdi>
            </span>
            {turn.overlap && (
                <span class="line-overlap" title={words.overlaps} role="img" aria-label={words.overlaps} />
            )}
            <bdi class="line-words">
                {wordsOf(turn).map((word, place) => (
                    <>
                        {place > 0 && " "}
                        <span
                            data-word={first + place}
                            class={word.isUnsure ? "unsure" : undefined}
                            title={word.isUnsure ? words.unsure : undefined}
                        >
                            {word.text}
                        </span>
                    </>
                ))}
            </bdi>
        </li>
    );
}

function Time({ turn, number, first, isHeard }: LineProps) {
    const clock = clockOf(turn.start);
    if (!isHeard) return <span class="line-time">{clock}</span>;
    return (
        <button
            type="button"
            class="line-time"
            data-word={first}
            tabIndex={number === 0 ? 0 : -1}
            aria-label={words.goTo(clock)}
            title={words.goTo(clock)}
        >
            {clock}
        </button>
    );
}
