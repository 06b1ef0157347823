import { useEffect, useId, useRef, useState } from "preact/hooks";
import { api, type Call, told } from "../../api/client";
import { momentOf } from "../../format";
import { Button } from "../../parts/button";
import { may } from "../../session/session";
import { words } from "../../words/call_facts";
import { type Act, useAct, useOnce } from "./act";
import { Said } from "./fact";
import { Outcome } from "./outcome";
import "./forms.css";

const W = words.marks;
const LONGEST = 4000;
type Note = Call["notes"][number];

/** Shown is what the server said last; a refusal changes nothing. */
export function Notes({ call, reload }: { call: Call; reload: () => void }) {
    const [notes, setNotes] = useState(call.notes);
    useEffect(() => setNotes(call.notes), [call.notes]);
    const act = useAct();
    const field = useRef<HTMLTextAreaElement>(null);

    function remove(note: Note): void {
        const path = { call_id: call.id, note_id: note.id };
        void act.run(async () => {
            await told(api.DELETE("/v1/calls/{call_id}/notes/{note_id}", { params: { path } }));
            setNotes((before) => before.filter((one) => one.id !== note.id));
            reload();
            // The button that had the focus is gone.
            field.current?.focus();
            return W.noteRemoved;
        });
    }

    function added(note: Note): void {
        setNotes((before) => [...before.filter((one) => one.id !== note.id), note]);
        reload();
    }

    return (
        <>
            {notes.length === 0 && <p class="help">{W.noNotes}</p>}
            <ul class="facts-notes" aria-label={W.notes}>
                {notes.map((note) => (
                    <li key={note.id}>
                        <p class="note-text">
                            <Said>{note.text}</Said>
                        </p>
                        <p class="note-of">
                            <Said>{note.by}</Said> · {momentOf(note.at)}
                        </p>
                        {may("control") && (
                            <Button
                                kind="icon"
                                aria-label={W.removeNote(note.by, momentOf(note.at))}
                                disabled={act.isBusy}
                                onClick={() => remove(note)}
                            >
                                ×
                            </Button>
                        )}
                    </li>
                ))}
            </ul>
            {may("control") && <NewNote call={call} act={act} added={added} field={field} />}
            <Outcome act={act} />
        </>
    );
}

type NewNoteProps = {
    call: Call;
    act: Act;
    added: (note: Note) => void;
    field: { current: HTMLTextAreaElement | null };
};

function NewNote({ call, act, added, field }: NewNoteProps) {
    const [text, setText] = useState("");
    const once = useOnce();
    const id = useId();

    function add(event: Event): void {
        event.preventDefault();
        const said = text.trim();
        if (!said) return;
        const params = { path: { call_id: call.id }, header: { "idempotency-key": once.keyOf(said) } };
        void act.run(async () => {
            const note = await told(api.POST("/v1/calls/{call_id}/notes", { params, body: { text: said } }));
            once.answered();
            setText("");
            added(note);
            return W.noteAdded;
        });
    }

    return (
        <form class="facts-form" onSubmit={add}>
            <label for={id}>{W.newNote}</label>
            <textarea
                id={id}
                ref={field}
                rows={2}
                value={text}
                maxLength={LONGEST}
                dir="auto"
                onInput={(event) => setText(event.currentTarget.value)}
                onKeyDown={(event) => {
                    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) add(event);
                }}
            />
            <Button type="submit" isBusy={act.isBusy} disabled={!text.trim()}>
                {W.addNote}
            </Button>
        </form>
    );
}
