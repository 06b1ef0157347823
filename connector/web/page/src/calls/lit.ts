/** Where the words of a search stand in a text, folded as the server folds them: small, without accents, a number
 * however it is written. Pure. */

/** Languages without spaces: each sign is a word. */
const SIGNS = "\\u3040-\\u30ff\\u3400-\\u9fff\\uf900-\\ufaff";
const WORD = new RegExp(`[${SIGNS}]|(?:(?![${SIGNS}])[\\p{L}\\p{N}\\p{M}])+`, "gu");
const NUMBER = /\d[\d\s.,/()-]*\d/g;

/** So much stands before the first lit word of a text that is too long, and so much in all. */
const BEFORE = 40;
const LONGEST = 300;

export interface Part {
    readonly at: number;
    readonly text: string;
    readonly isLit: boolean;
}

export function litParts(text: string, wanted: string): Part[] {
    const parts: Part[] = [];
    let at = 0;
    for (const [start, end] of places(text, wanted)) {
        if (start > at) parts.push({ at, text: text.slice(at, start), isLit: false });
        parts.push({ at: start, text: text.slice(start, end), isLit: true });
        at = end;
    }
    if (at < text.length) parts.push({ at, text: text.slice(at), isLit: false });
    return parts;
}

/** The piece of it in which the first of the words stands. */
export function excerpt(text: string, wanted: string): string {
    const [first = 0] = places(text, wanted)[0] ?? [];
    const start = first > 2 * BEFORE ? text.lastIndexOf(" ", first - BEFORE) + 1 : 0;
    const piece = text.slice(start, start + LONGEST);
    return (start > 0 ? "… " : "") + piece + (start + LONGEST < text.length ? " …" : "");
}

type Place = readonly [start: number, end: number];

function places(text: string, wanted: string): Place[] {
    const words = new Set(wanted.match(WORD)?.map(folded));
    const numbers = new Set(wanted.match(NUMBER)?.map(digits));
    const found: Place[] = [];
    for (const match of text.matchAll(NUMBER)) {
        if (numbers.has(digits(match[0]))) found.push([match.index, match.index + match[0].length]);
    }
    const isWithin = (at: number): boolean => found.some(([start, end]) => start <= at && at < end);
    for (const match of text.matchAll(WORD)) {
        if (words.has(folded(match[0])) && !isWithin(match.index)) {
            found.push([match.index, match.index + match[0].length]);
        }
    }
    return found.sort(([one], [other]) => one - other);
}

function folded(word: string): string {
    return word.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}

function digits(number: string): string {
    return number.replace(/\D/g, "");
}
