import { useEffect, useId, useRef, useState } from "preact/hooks";
import { api, type Call, told } from "../../api/client";
import { Button } from "../../parts/button";
import { may } from "../../session/session";
import { words } from "../../words/call_facts";
import { useAct, useOnce } from "./act";
import { Said } from "./fact";
import { Outcome } from "./outcome";
import "./forms.css";

const W = words.marks;
const LONGEST = 100;

/** Shown is what the server said last; a refusal changes nothing. */
export function Tags({ call, reload }: { call: Call; reload: () => void }) {
    const [tags, setTags] = useState(call.tags);
    useEffect(() => setTags(call.tags), [call.tags]);
    const act = useAct();
    const input = useRef<HTMLInputElement>(null);

    function changed(now: string[]): void {
        setTags(now);
        reload();
    }

    function remove(tag: string): void {
        const path = { call_id: call.id, tag };
        void act.run(async () => {
            changed((await told(api.DELETE("/v1/calls/{call_id}/tags/{tag}", { params: { path } }))).tags);
            // The button that had the focus is gone.
            input.current?.focus();
            return W.tagRemoved;
        });
    }

    return (
        <>
            {tags.length === 0 && <p class="help">{W.noTags}</p>}
            <ul class="facts-tags" aria-label={W.tags}>
                {tags.map((tag) => (
                    <li key={tag}>
                        <Said>{tag}</Said>
                        {call.fixed_tags.includes(tag) ? (
                            <span class="tag-of" title={W.tagFixedHelp}>
                                {W.tagFixed}
                            </span>
                        ) : (
                            may("control") && (
                                <Button
                                    kind="icon"
                                    aria-label={W.removeTag(tag)}
                                    disabled={act.isBusy}
                                    onClick={() => remove(tag)}
                                >
                                    ×
                                </Button>
                            )
                        )}
                    </li>
                ))}
            </ul>
            {may("control") && <NewTag call={call} act={act} changed={changed} input={input} />}
            <Outcome act={act} />
        </>
    );
}

type NewTagProps = {
    call: Call;
    act: ReturnType<typeof useAct>;
    changed: (tags: string[]) => void;
    input: { current: HTMLInputElement | null };
};

function NewTag({ call, act, changed, input }: NewTagProps) {
    const [text, setText] = useState("");
    const once = useOnce();
    const id = useId();

    function add(event: Event): void {
        event.preventDefault();
        const tag = text.trim();
        if (!tag) return;
        const params = { path: { call_id: call.id }, header: { "idempotency-key": once.keyOf(tag) } };
        void act.run(async () => {
            const now = await told(api.POST("/v1/calls/{call_id}/tags", { params, body: { tags: [tag] } }));
            once.answered();
            setText("");
            changed(now.tags);
            return W.tagAdded;
        });
    }

    return (
        <form class="facts-form" onSubmit={add}>
            <label for={id}>{W.newTag}</label>
            <input
                id={id}
                ref={input}
                value={text}
                maxLength={LONGEST}
                title={W.tagHelp}
                autocomplete="off"
                dir="auto"
                onInput={(event) => setText(event.currentTarget.value)}
            />
            <Button type="submit" isBusy={act.isBusy} disabled={!text.trim()}>
                {W.addTag}
            </Button>
        </form>
    );
}
