import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { words } from "../../words/call_facts";
import { isOpened, rememberOpened } from "./opened";

export type SectionName = keyof typeof words.sections;

type Props = {
    name: SectionName;
    isOpenAtFirst?: boolean;
    /** What is worth knowing while it is closed. */
    aside?: ComponentChildren;
    children: (isOpen: boolean) => ComponentChildren;
};

/** A part of the panel that opens and closes, and is next time as it was left. */
export function Section({ name, isOpenAtFirst = false, aside, children }: Props) {
    const [isOpen, setOpen] = useState(() => isOpened(name) ?? isOpenAtFirst);
    return (
        <details
            class={`facts-section facts-${name}`}
            open={isOpen}
            onToggle={(event) => {
                // Drawn open, it toggles too: that was nobody's wish.
                if (event.currentTarget.open === isOpen) return;
                setOpen(event.currentTarget.open);
                rememberOpened(name, event.currentTarget.open);
            }}
        >
            <summary>
                <h3>{words.sections[name]}</h3>
                {aside && <span class="aside">{aside}</span>}
            </summary>
            <div class="facts-body">{children(isOpen)}</div>
        </details>
    );
}
