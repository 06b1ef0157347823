import { useCallback, useEffect, useState } from "preact/hooks";

export type Asked<T> = { value?: T; error?: unknown; isUnderWay: boolean; again: () => void };

/** What the server was asked for; asked anew when one of `by` changes. An older answer never replaces a newer one, and
 * what is there stays to be seen while it is asked anew. */
export function useAsked<T>(ask: (signal: AbortSignal) => Promise<T>, by: readonly unknown[]): Asked<T> {
    const [round, setRound] = useState(0);
    const [state, setState] = useState<Omit<Asked<T>, "again">>({ isUnderWay: true });
    const again = useCallback(() => setRound((one) => one + 1), []);

    useEffect(() => {
        const leaving = new AbortController();
        setState((before) => ({ ...before, isUnderWay: true }));
        ask(leaving.signal)
            .then((value) => !leaving.signal.aborted && setState({ value, isUnderWay: false }))
            .catch((error: unknown) => !leaving.signal.aborted && setState({ error, isUnderWay: false }));
        return () => leaving.abort();
    }, [...by, round]);

    return { ...state, again };
}
