import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import { words } from "../words/settings";
import type { Draft } from "./draft";
import type { Held, Name } from "./house";
import { Origin } from "./origin";

/** What a control needs to know of its row. */
export interface Facts {
    id: string;
    "aria-describedby": string;
    "aria-invalid": boolean;
}

interface Props {
    name: Name;
    held: Held;
    draft: Draft;
    /** For who may only read. */
    shown: string;
    children: (facts: Facts) => ComponentChildren;
}

/** One setting: its name, its control or its value, where that comes from, and what is wrong with it. */
export function Row({ name, held, draft, shown, children }: Props) {
    const id = useId();
    const label = words.names[name];
    const wrong = draft.wrong(name);
    // Also where it does not hold: a rule comes before it, or the file has changed since.
    const isSetHere = held.settings.changed.some((one) => one.name === name);
    const facts = { id, "aria-describedby": `${id}-about`, "aria-invalid": wrong !== "" };

    async function takeBack(): Promise<void> {
        await draft.takeBack(name);
        // The button that had the focus goes with what was taken back.
        requestAnimationFrame(() => document.getElementById(id)?.focus());
    }

    return (
        <div class="row">
            {held.mayChange ? <label for={id}>{label}</label> : <span class="label">{label}</span>}
            <div class="value">
                {held.mayChange ? (
                    <div key={draft.round} class="control">
                        {children(facts)}
                    </div>
                ) : (
                    <bdi>{shown}</bdi>
                )}
                <div id={`${id}-about`}>
                    {words.help[name] && <p class="help">{words.help[name]}</p>}
                    {wrong && <p class="wrong">{wrong}</p>}
                </div>
                <Origin
                    source={held.settings.sources[name]}
                    name={label}
                    isBusy={draft.isBusy}
                    {...(held.mayChange && isSetHere ? { takeBack: () => void takeBack() } : {})}
                />
            </div>
        </div>
    );
}
