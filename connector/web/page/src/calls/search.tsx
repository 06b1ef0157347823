/** The one field to search in. What is typed becomes a filter in the address a moment later. */

import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { turn } from "../address";
import { may } from "../session/session";
import { words } from "../words/calls";
import { type Filters, type Kind, kindOf, numberIn } from "./filters";

const PAUSE_MILLISECONDS = 200;
const CHOICES = ["auto", "number", "text"] as const;
type Choice = (typeof CHOICES)[number];

interface Sent {
    readonly text: string;
    /** That it came to; null: it came from there. */
    readonly address: string | null;
}

interface Props {
    field: RefObject<HTMLInputElement | null>;
    filters: Filters;
    /** To the list below. */
    onLeave: () => void;
}

export function Search({ field, filters, onLeave }: Props) {
    const said = filters.number ?? filters.text ?? "";
    const [typed, setTyped] = useState(said);
    const [choice, setChoice] = useState<Choice>(() => choiceOf(filters));
    const sent = useRef<Sent>({ text: said, address: null });
    const waiting = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);

    // The address changed by another hand: back, a chip that was removed.
    useEffect(() => {
        if (said === sent.current.text) return;
        clearTimeout(waiting.current);
        sent.current = { text: said, address: null };
        setTyped(said);
        if (said) setChoice(choiceOf(filters));
    }, [said]);
    useEffect(() => () => clearTimeout(waiting.current), []);

    function send(text: string, chosen: Choice): void {
        clearTimeout(waiting.current);
        const kind = chosen === "auto" ? kindFor(text) : chosen;
        const value = kind === "number" ? numberIn(text) : text.trim();
        const other = kind === "number" ? "text" : "number";
        if (value === (filters[kind] ?? "") && filters[other] === undefined) return;
        // One search is one step back, however many signs were typed for it.
        const isGoingOn = sent.current.address === location.search;
        sent.current = { text: value, address: null };
        turn({ [kind]: value, [other]: null }, isGoingOn ? "replace" : "push");
        sent.current = { text: value, address: location.search };
    }

    function type(text: string): void {
        setTyped(text);
        clearTimeout(waiting.current);
        waiting.current = setTimeout(() => send(text, choice), PAUSE_MILLISECONDS);
    }

    function choose(chosen: Choice): void {
        setChoice(chosen);
        send(typed, chosen);
        field.current?.focus();
    }

    function pressed(event: KeyboardEvent): void {
        if (event.key === "Enter") send(typed, choice);
        if (event.key === "ArrowDown") onLeave();
    }

    const mayHear = may("listen");
    return (
        <search class="search">
            <input
                ref={field}
                type="search"
                value={typed}
                aria-label={words.search}
                aria-keyshortcuts="/"
                placeholder={mayHear ? words.searchHelp : words.numberHelp}
                maxLength={200}
                spellcheck={false}
                autocomplete="off"
                onInput={(event) => type(event.currentTarget.value)}
                onKeyDown={pressed}
            />
            {mayHear && (
                <select
                    aria-label={words.searchIn}
                    value={choice}
                    onChange={(event) => choose(CHOICES.find((one) => one === event.currentTarget.value) ?? "auto")}
                >
                    {CHOICES.map((one) => (
                        <option key={one} value={one}>
                            {words.searchKinds[one]}
                        </option>
                    ))}
                </select>
            )}
        </search>
    );
}

function kindFor(text: string): Kind {
    return may("listen") ? kindOf(text) : "number";
}

/** Automatic, where that would come to the same. */
function choiceOf(filters: Filters): Choice {
    if (filters.text !== undefined && kindFor(filters.text) !== "text") return "text";
    if (filters.number !== undefined && kindFor(filters.number) !== "number") return "number";
    return "auto";
}
