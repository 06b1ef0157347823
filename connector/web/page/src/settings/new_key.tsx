import { useEffect, useRef } from "preact/hooks";
import { Button } from "../parts/button";
import { words } from "../words/settings";
import { Copy } from "./copy";
import type { MadeKey } from "./keys";
import { Unsaved } from "./unsaved";

/** A key that was just made, until somebody says that he has it: nobody can show it again. */
export function NewKey({ made, onDone }: { made: MadeKey; onDone: () => void }) {
    const place = useRef<HTMLElement>(null);
    // The dialog is gone that had the focus.
    useEffect(() => place.current?.focus(), []);
    const shown: [string, string][] = [[words.keys.shownName(made.name), made.key]];
    if (made.secret !== null) shown.push([words.keys.idName, made.id], [words.keys.secretName, made.secret]);
    return (
        <section ref={place} class="new-key" tabIndex={-1} aria-label={words.keys.shownOnce}>
            <strong>{words.keys.shownOnce}</strong>
            <dl>
                {shown.map(([what, text]) => (
                    <div key={what}>
                        <dt>
                            <bdi>{what}</bdi>
                        </dt>
                        <dd>
                            <code>{text}</code>
                            <Copy text={text} what={what} />
                        </dd>
                    </div>
                ))}
            </dl>
            <Button kind="primary" onClick={onDone}>
                {words.keys.done}
            </Button>
            <Unsaved what={words.leaving.key} />
        </section>
    );
}
