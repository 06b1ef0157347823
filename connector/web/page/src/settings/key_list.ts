/** All keys that may be seen, page by page. */

import { useCallback, useState } from "preact/hooks";
import { api, told } from "../api/client";
import { useAsked } from "../parts/asked";

const PAGE = 200;

/** How many pages somebody has asked for is kept, so that the list stays as long as it was. */
export function useKeys() {
    const [pages, setPages] = useState(1);
    const asked = useAsked(async (signal) => await listed(pages, signal), [pages]);
    const more = useCallback(() => setPages((one) => one + 1), []);
    return {
        all: asked.value?.keys ?? [],
        hasMore: Boolean(asked.value?.next_cursor),
        isThere: asked.value !== undefined,
        isUnderWay: asked.isUnderWay,
        error: asked.error,
        again: asked.again,
        more,
    };
}

async function listed(pages: number, signal: AbortSignal) {
    let page = await told(api.GET("/v1/keys", { params: { query: { limit: PAGE } }, signal }));
    const keys = [...page.keys];
    for (let count = 1; count < pages && page.next_cursor; count++) {
        const query = { limit: PAGE, cursor: page.next_cursor };
        page = await told(api.GET("/v1/keys", { params: { query }, signal }));
        keys.push(...page.keys);
    }
    return { keys, next_cursor: page.next_cursor };
}
