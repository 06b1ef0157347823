import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

/** One part of the house. */
export function Card(props: { title: string; isWide?: boolean; children: ComponentChildren }) {
    const title = useId();
    return (
        <section class={props.isWide ? "card wide" : "card"} aria-labelledby={title}>
            <h2 id={title}>{props.title}</h2>
            {props.children}
        </section>
    );
}

/** How something is: in words, and in a colour that says the same. */
export function Sign(props: { kind: "good" | "bad" | "warn" | "quiet"; title?: string; children: ComponentChildren }) {
    return (
        <span class={`sign ${props.kind}`} title={props.title}>
            {props.children}
        </span>
    );
}
