/** What the server was asked for, and is asked for again as long as somebody looks. */

import { useEffect, useRef, useState } from "preact/hooks";

const EVERY_MILLISECONDS = 10_000;

export interface Looked<T> {
    readonly value?: T;
    /** When that was. */
    readonly at?: Date;
    /** Why there is nothing newer. */
    readonly error?: unknown;
}

/** What is there stays to be seen while the same is asked anew, and when that fails. In a tab that nobody sees nothing
 * is asked; who comes back to it sees what is now. */
export function useLooking<T>(
    ask: (signal: AbortSignal) => Promise<T>,
    by: readonly unknown[],
): [Looked<T>, () => void] {
    const [looked, setLooked] = useState<Looked<T>>({});
    const again = useRef<() => void>(() => {});

    useEffect(() => {
        const leaving = new AbortController();
        // What else was asked before is no answer to this.
        setLooked({});
        let timer = 0;
        let isAsking = false;

        async function look(): Promise<void> {
            if (isAsking) return;
            isAsking = true;
            clearTimeout(timer);
            try {
                const value = await ask(leaving.signal);
                if (!leaving.signal.aborted) setLooked({ value, at: new Date() });
            } catch (error) {
                if (!leaving.signal.aborted) setLooked((before) => ({ ...before, error }));
            }
            isAsking = false;
            if (!leaving.signal.aborted && !document.hidden) timer = window.setTimeout(look, EVERY_MILLISECONDS);
        }

        function turned(): void {
            if (document.hidden) clearTimeout(timer);
            else void look();
        }

        again.current = () => void look();
        document.addEventListener("visibilitychange", turned);
        void look();
        return () => {
            leaving.abort();
            clearTimeout(timer);
            document.removeEventListener("visibilitychange", turned);
        };
    }, by);

    return [looked, () => again.current()];
}
