import { useCallback, useEffect, useRef, useState } from "preact/hooks";

export type Asked<T> = { value?: T; error?: unknown; isUnderWay: boolean; again: () => void };

/** What the server was asked for; asked anew when one of `by` changes. An older answer never replaces a newer one, and
 * what is there stays to be seen while the same is asked again, even in vain. */
export function useAsked<T>(ask: (signal: AbortSignal) => Promise<T>, by: readonly unknown[]): Asked<T> {
    const [round, setRound] = useState(0);
    const [state, setState] = useState<Omit<Asked<T>, "again">>({ isUnderWay: true });
    const asked = useRef<readonly unknown[]>([]);
    const again = useCallback(() => setRound((one) => one + 1), []);

    useEffect(() => {
        const leaving = new AbortController();
        const isTheSame = isAlike(asked.current, by);
        asked.current = by;
        setState((before) => ({ ...before, isUnderWay: true }));
        ask(leaving.signal)
            .then((value) => !leaving.signal.aborted && setState({ value, isUnderWay: false }))
            .catch((error: unknown) => {
                if (leaving.signal.aborted) return;
                setState((before) => ({ ...(isTheSame ? before : {}), error, isUnderWay: false }));
            });
        return () => leaving.abort();
    }, [...by, round]);

    return { ...state, again };
}

function isAlike(some: readonly unknown[], others: readonly unknown[]): boolean {
    return some.length === others.length && some.every((one, place) => Object.is(one, others[place]));
}
