/** What somebody wants changed and has not saved yet. */

import { useState } from "preact/hooks";
import { Problem } from "../api/client";
import type { Change, Held, Name } from "./house";

export interface Draft {
    isUnsaved: boolean;
    isBusy: boolean;
    isSaved: boolean;
    /** What is not said of one field. */
    error: unknown;
    /** As it would be after saving. */
    wanted: <N extends Name>(name: N) => Change[N] | Held["settings"][N];
    say: <N extends Name>(name: N, value: Change[N]) => void;
    wrong: (name: Name) => string;
    save: () => Promise<void>;
    takeBack: (name: Name) => Promise<void>;
    discard: () => void;
    /** Another one after each save: what was typed is shown as it is kept. */
    round: number;
}

export function useDraft(held: Held): Draft {
    const [said, setSaid] = useState<Change>({});
    const [error, setError] = useState<unknown>(null);
    const [isBusy, setBusy] = useState(false);
    const [isSaved, setSaved] = useState(false);
    const [round, setRound] = useState(0);

    async function act(change: Change, left: Change): Promise<void> {
        setBusy(true);
        setError(null);
        try {
            await held.change(change);
            setSaid(left);
            setSaved(true);
            setRound((one) => one + 1);
        } catch (trouble) {
            setError(trouble);
        }
        setBusy(false);
    }

    return {
        isUnsaved: Object.keys(said).length > 0,
        isBusy,
        isSaved: isSaved && Object.keys(said).length === 0,
        error: isOfAField(error) ? null : error,
        wanted: (name) => (name in said ? said[name] : held.settings[name]),
        say: (name, value) => {
            setSaved(false);
            setSaid(({ [name]: _, ...others }) =>
                value === held.settings[name] ? others : { ...others, [name]: value },
            );
        },
        wrong: (name) => wrongOf(error, name),
        save: () => act(said, {}),
        takeBack: (name) => {
            const { [name]: _, ...others } = said;
            return act({ [name]: null }, others);
        },
        discard: () => {
            setSaid({});
            setError(null);
            setRound((one) => one + 1);
        },
        round,
    };
}

/** What the server says of that member of the body, or of what is in it. */
export function wrongOf(error: unknown, name: string): string {
    if (!(error instanceof Problem)) return "";
    const found = [...error.fields].find(([at]) => at === `/${name}` || at.startsWith(`/${name}/`));
    return found?.[1] ?? "";
}

function isOfAField(error: unknown): boolean {
    return error instanceof Problem && [...error.fields.keys()].some((pointer) => pointer.length > 1);
}
