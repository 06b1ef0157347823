/** Lights the word that is heard, and scrolls along. */

import { useEffect } from "preact/hooks";
import type { Playing } from "./playing";
import { bringInSight, type List, lineElement, wordElement } from "./transcript_elements";
import { type Heard, lineAt, wordAt } from "./transcript_words";

export function useFollowing(list: List, heard: Heard, playing: Playing | null, isFollowing: boolean): void {
    useEffect(() => {
        const place = list.current;
        if (!place || !playing) return;
        let word: HTMLElement | undefined;
        let line: HTMLElement | undefined;
        const stop = playing.whenMoved((seconds) => {
            const nextWord = wordElement(place, wordAt(heard, seconds)?.index ?? -1);
            const nextLine = lineElement(place, lineAt(heard, seconds));
            if (nextWord !== word) lit("spoken", word, nextWord);
            if (nextLine !== line) {
                lit("line-now", line, nextLine);
                if (isFollowing) bringInSight(place, nextLine);
            }
            [word, line] = [nextWord, nextLine];
        });
        return () => {
            stop();
            lit("spoken", word, undefined);
            lit("line-now", line, undefined);
        };
    }, [heard, playing, isFollowing]);
}

function lit(name: string, before: HTMLElement | undefined, now: HTMLElement | undefined): void {
    before?.classList.remove(name);
    now?.classList.add(name);
}
