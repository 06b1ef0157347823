import { useState } from "preact/hooks";
import { words } from "../words/settings";
import { useDraft } from "./draft";
import { durationText, UNITS, type Unit, unitsOf } from "./durations";
import { Form } from "./form";
import type { Held } from "./house";
import { type Facts, Row } from "./row";

type Days = number | "unlimited" | null;
const USUAL_DAYS = 90;

/** How long recordings and transcripts are kept, and how long links to them are good. */
export function Retention({ held }: { held: Held }) {
    const draft = useDraft(held);
    const { settings } = held;
    const shared = { held, draft };
    const transcripts = settings.transcript_retention_days;
    return (
        <Form draft={draft} mayChange={held.mayChange}>
            <Row {...shared} name="retention_days" shown={daysText(settings.retention_days)}>
                {(facts) => (
                    <DaysField
                        {...facts}
                        name={words.names.retention_days}
                        days={settings.retention_days}
                        say={(days) => draft.say("retention_days", days)}
                    />
                )}
            </Row>
            <Row {...shared} name="transcript_retention_days" shown={daysText(transcripts)}>
                {(facts) => (
                    <DaysField
                        {...facts}
                        name={words.names.transcript_retention_days}
                        days={transcripts}
                        say={(days) => draft.say("transcript_retention_days", days)}
                    />
                )}
            </Row>
            <Row {...shared} name="link_seconds" shown={durationText(settings.link_seconds)}>
                {(facts) => (
                    <SecondsField
                        {...facts}
                        name={words.names.link_seconds}
                        seconds={settings.link_seconds}
                        say={(seconds) => draft.say("link_seconds", seconds)}
                    />
                )}
            </Row>
        </Form>
    );
}

/** `days`: those that are kept; null, which only they can be, means that nothing is said of transcripts. */
function DaysField({ days, name, say, ...facts }: Facts & { days: Days; name: string; say: (days: Days) => void }) {
    const [kind, setKind] = useState(days === null ? "usual" : days === "unlimited" ? "unlimited" : "days");
    const [count, setCount] = useState(String(typeof days === "number" ? days : USUAL_DAYS));
    function choose(chosen: string, written: string): void {
        setKind(chosen);
        setCount(written);
        say(chosen === "unlimited" ? chosen : chosen === "usual" ? null : Number(written));
    }
    return (
        <>
            {kind === "days" && (
                <input
                    type="number"
                    min={1}
                    max={3650}
                    required
                    aria-label={words.numberOf(name)}
                    aria-invalid={facts["aria-invalid"]}
                    value={count}
                    onInput={(event) => choose(kind, event.currentTarget.value)}
                />
            )}
            <select {...facts} value={kind} onChange={(event) => choose(event.currentTarget.value, count)}>
                <option value="days">{words.days}</option>
                <option value="unlimited">{words.unlimited}</option>
                {days === null && <option value="usual">{words.withRecording}</option>}
            </select>
        </>
    );
}

function SecondsField(props: Facts & { seconds: number; name: string; say: (seconds: number) => void }) {
    const { seconds, name, say, ...facts } = props;
    const [unit, setUnit] = useState<Unit>(unitsOf(seconds).unit);
    const [count, setCount] = useState(String(unitsOf(seconds).count));
    function choose(written: string, chosen: Unit): void {
        setCount(written);
        setUnit(chosen);
        say(Math.round(Number(written) * UNITS[chosen]));
    }
    return (
        <>
            <input
                {...facts}
                type="number"
                min={60 / UNITS[unit]}
                max={604_800 / UNITS[unit]}
                step="any"
                required
                value={count}
                onInput={(event) => choose(event.currentTarget.value, unit)}
            />
            <select
                aria-label={words.unitOf(name)}
                value={unit}
                onChange={(event) => choose(count, event.currentTarget.value as Unit)}
            >
                {Object.entries(words.units).map(([one, said]) => (
                    <option key={one} value={one}>
                        {said}
                    </option>
                ))}
            </select>
        </>
    );
}

function daysText(days: Days): string {
    if (days === null) return words.withRecording;
    return days === "unlimited" ? words.unlimited : words.dayCount(days);
}
