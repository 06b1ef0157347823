import type { TargetedEvent } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { Problem } from "../api/client";
import { Button } from "../parts/button";
import { Dialog } from "../parts/dialog";
import { Trouble } from "../parts/trouble";
import { words } from "../words/live";
import { placed, type Wish } from "./placing";

/** Has the PBX place a call: a phone of the house rings, then the number is called. */
export function Dialling({ onClose }: { onClose: () => void }) {
    const [isBusy, setBusy] = useState(false);
    const [outcome, setOutcome] = useState("");
    const [error, setError] = useState<unknown>(null);
    const leaving = useRef(new AbortController());
    useEffect(() => () => leaving.current.abort(), []);

    async function call(event: TargetedEvent<HTMLFormElement>): Promise<void> {
        event.preventDefault();
        setBusy(true);
        setError(null);
        setOutcome(words.dialing);
        try {
            const { status, reason } = await placed(wishOf(new FormData(event.currentTarget)), leaving.current.signal);
            setOutcome(status === "answered" ? words.dialAnswered : words.dialFailed(reason ?? status));
        } catch (trouble) {
            setOutcome("");
            setError(trouble);
        }
        setBusy(false);
    }

    const wrong = error instanceof Problem ? error.fields : new Map<string, string>();
    return (
        <Dialog title={words.dial} onClose={onClose}>
            <form class="dialling" onSubmit={call}>
                <p class="help">{words.dialHelp}</p>
                <Field name="to_number" inputMode="tel" wrong={wrong} required />
                <Field name="from_number" inputMode="tel" wrong={wrong} required />
                <Field name="endpoint_id" wrong={wrong} placeholder={words.dialOptional} />
                <Field name="agent" wrong={wrong} />
                <Recording />
                <p role="status">{outcome}</p>
                {error !== null && <Trouble error={error} />}
                <Button kind="primary" type="submit" isBusy={isBusy}>
                    {words.dialNow}
                </Button>
            </form>
        </Dialog>
    );
}

type Texts = "to_number" | "from_number" | "endpoint_id" | "agent";
interface FieldProps {
    name: Texts;
    inputMode?: "tel" | "text";
    required?: boolean;
    placeholder?: string;
    wrong: ReadonlyMap<string, string>;
}

function Field({ name, wrong, inputMode = "text", required = false, placeholder = "" }: FieldProps) {
    const id = useId();
    const trouble = wrong.get(name);
    const help = `${id}-wrong`;
    const facts = { id, name, inputMode, required, placeholder };
    return (
        <>
            <label for={id}>{words.dialFields[name]}</label>
            <input {...facts} aria-invalid={trouble !== undefined} aria-describedby={help} />
            <p id={help} class="wrong">
                {trouble}
            </p>
        </>
    );
}

function Recording() {
    const id = useId();
    return (
        <>
            <label for={id}>{words.dialFields.recording}</label>
            <select id={id} name="recording">
                {Object.entries(words.recordingChoices).map(([value, said]) => (
                    <option key={value} value={value}>
                        {said}
                    </option>
                ))}
            </select>
        </>
    );
}

function wishOf(form: FormData): Wish {
    const text = (name: Texts): string => String(form.get(name) ?? "").trim();
    const recording = form.get("recording");
    return {
        to_number: text("to_number"),
        from_number: text("from_number"),
        endpoint_id: text("endpoint_id") || null,
        agent: text("agent") || null,
        recording_enabled: recording === "rules" ? null : recording === "yes",
    };
}
