/** A bucket as it is being written: tried without being taken, or put. */

import { useState } from "preact/hooks";
import { api, type Bodies, Problem, told } from "../api/client";
import { words } from "../words/settings";
import type { Held } from "./house";

export const FIELDS = Object.keys(words.storage.fields) as (keyof typeof words.storage.fields)[];
export type Field = (typeof FIELDS)[number];
export type Check = Bodies["CheckAnswer"];
type Texts = Record<Field, string>;

export interface Checked {
    isGood: boolean;
    said: string;
    checks: readonly Check[];
}

const EMPTY: Texts = {
    s3Endpoint: "",
    s3Region: "",
    s3Bucket: "",
    s3AccessKey: "",
    s3SecretKey: "",
    s3PublicEndpoint: "",
};

export function useBucket({ settings, organisation, change, take }: Held) {
    const kept: Texts = settings.storage ?? EMPTY;
    const [said, setSaid] = useState<Partial<Texts>>({});
    const [underWay, setUnderWay] = useState<"test" | "save" | null>(null);
    const [error, setError] = useState<unknown>(null);
    const [checks, setChecks] = useState<Checked | null>(null);
    const texts: Texts = { ...kept, ...said };
    const isEmpty = FIELDS.every((name) => !texts[name]);
    const query = { organisation };

    async function act(what: "test" | "save", doing: () => Promise<Checked | null>): Promise<void> {
        setUnderWay(what);
        setError(null);
        setChecks(null);
        try {
            setChecks(await doing());
        } catch (trouble) {
            setError(trouble);
        }
        setUnderWay(null);
    }

    async function tested(): Promise<Checked> {
        const found = await told(
            api.POST("/v1/settings/storage/test", { params: { query }, ...(isEmpty ? {} : { body: texts }) }),
        );
        return {
            isGood: found.is_good,
            said: found.is_good ? words.storage.good : words.storage.bad,
            checks: found.checks,
        };
    }

    async function put(): Promise<Checked | null> {
        const answer = await told(api.PUT("/v1/settings/storage", { params: { query }, body: texts }));
        take(answer);
        setSaid({});
        const checks = answer.storage_checks;
        return checks.length ? { isGood: true, said: words.storage.saved, checks } : null;
    }

    async function givenUp(): Promise<null> {
        await change({ storage: null });
        setSaid({});
        return null;
    }

    return {
        text: (name: Field) => texts[name],
        isEmpty,
        isUnsaved: Object.keys(said).length > 0,
        underWay,
        error,
        checks,
        say: (name: Field, text: string) => {
            setError((before: unknown) => (before instanceof Problem && before.fields.has(`/${name}`) ? null : before));
            setSaid(({ [name]: _, ...others }) => (text === kept[name] ? others : { ...others, [name]: text }));
        },
        test: () => act("test", tested),
        save: () => act("save", put),
        giveUp: () => act("save", givenUp),
        discard: () => {
            setSaid({});
            setError(null);
        },
    };
}
