import type { ComponentChildren } from "preact";

/** One line of a list of facts; nothing where there is nothing to tell. */
export function Fact({ name, isLong, children }: { name: string; isLong?: boolean; children: ComponentChildren }) {
    if (children === null || children === undefined || children === "" || children === false) return null;
    return (
        <div class={isLong ? "fact fact-long" : "fact"}>
            <dt>{name}</dt>
            <dd>{children}</dd>
        </div>
    );
}

/** What somebody else wrote: it never turns the text around it. */
export function Said({ children }: { children: string }) {
    return <bdi>{children}</bdi>;
}
