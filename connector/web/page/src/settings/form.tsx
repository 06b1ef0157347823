import type { ComponentChildren } from "preact";
import { Button } from "../parts/button";
import { Trouble } from "../parts/trouble";
import { words } from "../words/settings";
import type { Draft } from "./draft";
import { Unsaved } from "./unsaved";

/** The rows of one part, saved together. */
export function Form({
    draft,
    mayChange,
    children,
}: {
    draft: Draft;
    mayChange: boolean;
    children: ComponentChildren;
}) {
    if (!mayChange) return <div class="rows">{children}</div>;
    return (
        <form
            class="rows"
            onSubmit={(event) => {
                event.preventDefault();
                void draft.save();
            }}
        >
            {children}
            {draft.error !== null && <Trouble error={draft.error} />}
            <div class="acts">
                <Button kind="primary" type="submit" isBusy={draft.isBusy} disabled={!draft.isUnsaved}>
                    {words.save}
                </Button>
                {draft.isUnsaved && <Button onClick={draft.discard}>{words.discard}</Button>}
                <span role="status">{draft.isUnsaved ? words.unsaved : draft.isSaved ? words.saved : ""}</span>
            </div>
            {draft.isUnsaved && <Unsaved what={words.leaving.changes} />}
        </form>
    );
}
