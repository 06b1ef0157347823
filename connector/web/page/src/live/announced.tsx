import { useEffect, useRef, useState } from "preact/hooks";

/** Who listens rather than looks is told that often, not with each call that comes. */
const PAUSE_MILLISECONDS = 6000;

/** Says `text` to screen readers, at most every few seconds and the newest only. */
export function Announced({ text }: { text: string }) {
    const [said, setSaid] = useState("");
    const saidAt = useRef(Number.NEGATIVE_INFINITY);
    useEffect(() => {
        const timer = setTimeout(
            () => {
                saidAt.current = performance.now();
                setSaid(text);
            },
            Math.max(0, saidAt.current + PAUSE_MILLISECONDS - performance.now()),
        );
        return () => clearTimeout(timer);
    }, [text]);
    return (
        <p class="unseen" role="status">
            {said}
        </p>
    );
}
