/** The filters that are not asked for every day. */

import { useId, useMemo } from "preact/hooks";
import { turn } from "../address";
import { useSession } from "../session/session";
import { words } from "../words/calls";
import { type Filters, isDay, type Name } from "./filters";
import type { Row } from "./row";
import { SOUND_NAMES, SOUNDS_ASKED } from "./said";
import { useTyped } from "./typed";

interface Props {
    filters: Filters;
    rows: readonly Row[];
}

export function FilterFields({ filters, rows }: Props) {
    const organisations = useSession()?.organisations ?? [];
    const sounds = Object.fromEntries(SOUND_NAMES.map((name) => [SOUNDS_ASKED[name], words.soundsAsked[name]]));
    return (
        <div class="filter-fields" id="filter-fields">
            <DayField name="from_date" filters={filters} />
            <Choice name="direction" filters={filters} options={words.directions} />
            <Choice name="status" filters={filters} options={words.statuses} />
            <Choice name="recording_state" filters={filters} options={sounds} />
            <Typed name="agent" filters={filters} seen={useSeen(rows, (row) => [row.agent])} />
            <Typed name="queue" filters={filters} seen={useSeen(rows, (row) => [row.queue])} />
            <Typed name="tag" filters={filters} seen={useSeen(rows, (row) => row.tags)} />
            <Typed name="pbx" filters={filters} seen={useSeen(rows, (row) => [row.pbx])} />
            {organisations.length > 1 && (
                <Choice
                    name="organisation"
                    filters={filters}
                    options={Object.fromEntries(organisations.map((one) => [one, one]))}
                />
            )}
        </div>
    );
}

interface FieldProps {
    name: Name;
    filters: Filters;
}

/** Whoever types a year passes through those of the Romans. */
const FIRST_DAY = "1970-01-01";

export function DayField({ name, filters, title }: FieldProps & { title?: string }) {
    const id = useId();
    const said = filters[name];
    const [typed, setTyped] = useTyped(said !== undefined && isDay(said) ? said : "");
    return (
        <div class="field" title={title}>
            <label for={id}>{words.names[name]}</label>
            <input
                id={id}
                type="date"
                data-filter={name}
                min={FIRST_DAY}
                value={typed}
                onInput={({ currentTarget: { validity, value } }) => {
                    setTyped(value);
                    if (validity.valid) turn({ [name]: value });
                }}
            />
        </div>
    );
}

function Choice({ name, filters, options }: FieldProps & { options: Readonly<Record<string, string>> }) {
    const id = useId();
    const value = filters[name] ?? "";
    return (
        <div class="field">
            <label for={id}>{words.names[name]}</label>
            <select id={id} value={value} onChange={(event) => turn({ [name]: event.currentTarget.value })}>
                <option value="">{words.any}</option>
                {Object.entries(options).map(([one, said]) => (
                    <option key={one} value={one}>
                        {said}
                    </option>
                ))}
                {value && !Object.hasOwn(options, value) && <option value={value}>{value}</option>}
            </select>
        </div>
    );
}

/** Any text, with those that stand in the rows to choose from. */
function Typed({ name, filters, seen }: FieldProps & { seen: readonly string[] }) {
    const id = useId();
    const [typed, setTyped] = useTyped(filters[name] ?? "");
    return (
        <div class="field">
            <label for={id}>{words.names[name]}</label>
            <input
                id={id}
                list={`${id}-seen`}
                maxLength={200}
                placeholder={words.any}
                value={typed}
                autocomplete="off"
                onInput={(event) => setTyped(event.currentTarget.value)}
                // Once all of it is written: preact/compat takes onChange of a text for onInput.
                onChangeCapture={(event) => turn({ [name]: event.currentTarget.value.trim() })}
            />
            <datalist id={`${id}-seen`}>
                {seen.map((one) => (
                    <option key={one} value={one} />
                ))}
            </datalist>
        </div>
    );
}

const MOST_LOOKED_AT = 2000;
const MOST_SEEN = 200;

function useSeen(rows: readonly Row[], valuesOf: (row: Row) => readonly string[]): readonly string[] {
    const looked = Math.min(rows.length, MOST_LOOKED_AT);
    return useMemo(() => {
        const seen = new Set(rows.slice(0, looked).flatMap(valuesOf));
        seen.delete("");
        return [...seen].sort((one, other) => one.localeCompare(other)).slice(0, MOST_SEEN);
    }, [rows, looked]);
}
