/** Dead notifications, page by page. */

import { useEffect, useState } from "preact/hooks";
import { api, type Bodies, told } from "../api/client";

const AT_ONCE = 50;

type Page = Bodies["NotificationPage"];

export interface LettersAsked {
    readonly letters: Page["notifications"];
    readonly hasMore: boolean;
    readonly isUnderWay: boolean;
    readonly error: unknown;
    /** The next page, or the one that did not come. */
    readonly more: () => void;
}

export function useLetters(): LettersAsked {
    const [letters, setLetters] = useState<Page["notifications"]>([]);
    const [cursor, setCursor] = useState<string | null>(null);
    const [isUnderWay, setUnderWay] = useState(true);
    const [error, setError] = useState<unknown>(undefined);

    async function ask(): Promise<void> {
        setUnderWay(true);
        setError(undefined);
        try {
            const page = await pageBehind(cursor);
            setLetters((before) => [...before, ...page.notifications]);
            setCursor(page.next_cursor);
        } catch (trouble) {
            setError(trouble);
        }
        setUnderWay(false);
    }

    useEffect(() => void ask(), []);
    return { letters, hasMore: cursor !== null, isUnderWay, error, more: () => void ask() };
}

function pageBehind(cursor: string | null): Promise<Page> {
    const query = { state: ["dead" as const], limit: AT_ONCE, ...(cursor === null ? {} : { cursor }) };
    return told(api.GET("/v1/notifications", { params: { query } }));
}
