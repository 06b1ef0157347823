/** Search within the transcript: marks every place, counts them, goes from one to the next. */

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Button } from "../parts/button";
import { words } from "../words/call";
import { bringInSight, type List, lineElement, wordElements } from "./transcript_elements";
import { type Heard, type Place, placesOf } from "./transcript_words";

interface Props {
    readonly list: List;
    readonly heard: Heard;
    /** How many lines there are to be seen by now. */
    readonly drawn: number;
    /** What the list of calls was searched for. */
    readonly asked: string;
    readonly onGo: () => void;
}

export function TranscriptSearch({ list, heard, drawn, asked, onGo }: Props) {
    const [text, setText] = useState(asked);
    const [at, setAt] = useState(0);
    const field = useRef<HTMLInputElement>(null);
    const places = useMemo(() => placesOf(heard, text), [heard, text]);
    useMarked(list, places, drawn);
    useEffect(() => {
        const place = places[at];
        if (list.current && place && place.line < drawn) show(list.current, place);
    }, [places, at, drawn]);

    const go = (step: 1 | -1): void => {
        if (places.length === 0) return;
        onGo();
        setAt((at + step + places.length) % places.length);
    };
    useSearchKey(go, () => field.current?.focus());

    return (
        <search class="transcript-search">
            <input
                ref={field}
                type="search"
                aria-label={words.search}
                placeholder={words.search}
                value={text}
                onInput={(event) => {
                    setText(event.currentTarget.value);
                    setAt(0);
                    onGo();
                }}
                onKeyDown={(event) => {
                    if (event.key !== "Enter") return;
                    event.preventDefault();
                    go(event.shiftKey ? -1 : 1);
                }}
            />
            <output class="quiet">
                {text.trim() && (places.length > 0 ? words.found(at + 1, places.length) : words.notFound)}
            </output>
            {places.length > 1 && (
                <>
                    <Button kind="icon" aria-label={words.previous} title={words.previous} onClick={() => go(-1)}>
                        ↑
                    </Button>
                    <Button kind="icon" aria-label={words.next} title={words.next} onClick={() => go(1)}>
                        ↓
                    </Button>
                </>
            )}
        </search>
    );
}

function useSearchKey(go: (step: 1 | -1) => void, begin: () => void): void {
    const act = useRef({ go, begin });
    act.current = { go, begin };
    useEffect(() => {
        const react = (event: KeyboardEvent): void => {
            if (event.key !== "F3" || event.ctrlKey || event.altKey || event.metaKey) return;
            event.preventDefault();
            act.current.begin();
            act.current.go(event.shiftKey ? -1 : 1);
        };
        document.addEventListener("keydown", react);
        return () => document.removeEventListener("keydown", react);
    }, []);
}

function useMarked(list: List, places: readonly Place[], drawn: number): void {
    useEffect(() => {
        const place = list.current;
        if (!place) return;
        const found = places.flatMap(({ first, last }) => wordElements(place, first, last));
        for (const word of found) word.classList.add("found");
        return () => {
            for (const word of found) word.classList.remove("found", "found-now");
        };
    }, [places, drawn]);
}

function show(list: HTMLElement, place: Place): void {
    for (const word of list.querySelectorAll(".found-now")) word.classList.remove("found-now");
    for (const word of wordElements(list, place.first, place.last)) word.classList.add("found-now");
    bringInSight(list, lineElement(list, place.line));
}
