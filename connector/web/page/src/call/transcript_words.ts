/** The words of a transcript by their times and by their signs: which one is heard now, where a text stands. Pure. */

import { lastBefore } from "./halving";
import type { Document } from "./transcript_asked";

export interface SpokenWord {
    /** Its place among all words, in the order in which the page shows them. */
    readonly index: number;
    readonly line: number;
    readonly start: number;
    readonly end: number;
}

export interface Heard {
    /** By when they begin. */
    readonly byTime: readonly SpokenWord[];
    readonly texts: readonly string[];
    /** For each line the index of its first word; one more at the end. */
    readonly firsts: readonly number[];
}

/** Below it a word is probably wrong (docs/transcripts.md). */
export const UNSURE = 0.5;
/** A word stays lit until the next one, but not through a silence. */
const LINGER_SECONDS = 0.6;

/** Without times of words a line is one word. */
export function wordsOf(
    turn: Document["turns"][number],
): { text: string; start: number; end: number; isUnsure: boolean }[] {
    if (turn.words.length === 0) {
        const isUnsure = (turn.confidence ?? 1) < UNSURE;
        return [{ text: turn.text, start: turn.start, end: turn.end, isUnsure }];
    }
    return turn.words.map((word) => ({ text: word.w, start: word.s, end: word.e, isUnsure: (word.c ?? 1) < UNSURE }));
}

export function heardIn(document: Document): Heard {
    const byTime: SpokenWord[] = [];
    const texts: string[] = [];
    const firsts: number[] = [];
    for (const [line, turn] of document.turns.entries()) {
        firsts.push(texts.length);
        for (const word of wordsOf(turn)) {
            byTime.push({ index: texts.length, line, start: word.start, end: word.end });
            texts.push(word.text);
        }
    }
    firsts.push(texts.length);
    return { byTime: byTime.sort((one, other) => one.start - other.start), texts, firsts };
}

/** The word that is said at that moment; undefined in between. */
export function wordAt(heard: Heard, seconds: number): SpokenWord | undefined {
    const last = lastBefore(heard.byTime.length, (place) => (heard.byTime[place]?.start ?? 0) <= seconds);
    const word = heard.byTime[last];
    return word && seconds < word.end + LINGER_SECONDS ? word : undefined;
}

/** The line that began last, also while nobody speaks; -1 before the first. */
export function lineAt(heard: Heard, seconds: number): number {
    const last = lastBefore(heard.byTime.length, (place) => (heard.byTime[place]?.start ?? 0) <= seconds);
    return heard.byTime[last]?.line ?? -1;
}

export interface Place {
    readonly line: number;
    /** Of the first and the last word that it touches. */
    readonly first: number;
    readonly last: number;
}

/** Where the text stands, line by line, in any case and with or without accents. Where it does not stand as it is, each of
 * its words, if all of them are there: so calls are found, too. */
export function placesOf(heard: Heard, text: string): Place[] {
    const wanted = plain(text.trim());
    if (!wanted) return [];
    const asItIs = placesOfPhrase(heard, wanted);
    return asItIs.length > 0 ? asItIs : placesOfAll(heard, new Set(wanted.match(WORDS)));
}

const WORDS = /[\p{L}\p{N}]+/gu;

function placesOfAll(heard: Heard, wanted: ReadonlySet<string>): Place[] {
    const found = new Set<string>();
    const places = lines(heard).flatMap(({ line, first, texts }) =>
        texts.flatMap((text, place) => {
            const hit = text.match(WORDS)?.filter((word) => wanted.has(word)) ?? [];
            for (const word of hit) found.add(word);
            return hit.length > 0 ? [{ line, first: first + place, last: first + place }] : [];
        }),
    );
    return found.size === wanted.size ? places : [];
}

function placesOfPhrase(heard: Heard, wanted: string): Place[] {
    return lines(heard).flatMap(({ line, first, texts }) =>
        placesIn(texts, wanted).map((place) => ({ line, first: first + place.first, last: first + place.last })),
    );
}

/** Each with its first word's index, and its words as they are looked for. */
function lines(heard: Heard): { line: number; first: number; texts: string[] }[] {
    return heard.firsts
        .slice(0, -1)
        .map((first, line) => ({ line, first, texts: heard.texts.slice(first, heard.firsts[line + 1]).map(plain) }));
}

function placesIn(words: readonly string[], wanted: string): { first: number; last: number }[] {
    const starts: number[] = [];
    let length = 0;
    for (const word of words) {
        starts.push(length);
        length += word.length + 1;
    }
    const whole = words.join(" ");
    const wordAtSign = (sign: number): number => lastBefore(starts.length, (place) => (starts[place] ?? 0) <= sign);
    const found: { first: number; last: number }[] = [];
    for (let at = whole.indexOf(wanted); at >= 0; at = whole.indexOf(wanted, at + wanted.length)) {
        found.push({ first: wordAtSign(at), last: wordAtSign(at + wanted.length - 1) });
    }
    return found;
}

function plain(text: string): string {
    return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().replace(/\s+/gu, " ");
}
