/** Something that is asked of the server because somebody pressed a button: under way, done, or refused. */

import { useRef, useState } from "preact/hooks";
import { Problem } from "../../api/client";
import { onceKey } from "../../api/once";
import { words } from "../../words/call_facts";

export interface Act {
    readonly isBusy: boolean;
    /** What came of it, for people; empty before. */
    readonly outcome: string;
    readonly refusal: unknown;
    /** `work` gives the words of its outcome. One at a time. False: it was refused, or another one is under way. */
    readonly run: (work: () => Promise<string>) => Promise<boolean>;
}

export function useAct(): Act {
    const [state, setState] = useState<Omit<Act, "run">>({ isBusy: false, outcome: "", refusal: null });
    // A second press comes before the button is drawn disabled.
    const isBusy = useRef(false);

    async function run(work: () => Promise<string>): Promise<boolean> {
        if (isBusy.current) return false;
        isBusy.current = true;
        setState({ isBusy: true, outcome: "", refusal: null });
        try {
            const outcome = await work();
            setState({ isBusy: false, outcome, refusal: null });
            return true;
        } catch (refusal) {
            setState({ isBusy: false, outcome: "", refusal });
            return false;
        } finally {
            isBusy.current = false;
        }
    }

    return { ...state, run };
}

export function refusalText(refusal: unknown): string {
    return refusal instanceof Problem && refusal.status ? refusal.detail : words.noAnswer;
}

/** For Idempotency-Key: the same wish has the same key until the server has answered it, so that whoever presses again
 * because no answer came has it done once. */
export function useOnce(): { keyOf: (wish: string) => string; answered: () => void } {
    const last = useRef({ wish: "", key: "" });
    return {
        keyOf: (wish) => {
            if (!last.current.key || last.current.wish !== wish) last.current = { wish, key: onceKey() };
            return last.current.key;
        },
        answered: () => {
            last.current = { wish: "", key: "" };
        },
    };
}
