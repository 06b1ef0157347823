import type { TargetedEvent } from "preact";
import { useState } from "preact/hooks";
import { Problem } from "../api/client";
import { Button } from "../parts/button";
import { Dialog } from "../parts/dialog";
import { Trouble } from "../parts/trouble";
import { words } from "../words/settings";
import { Checks } from "./checks";
import type { Held } from "./house";
import { Origin } from "./origin";
import { FIELDS, type Field, useBucket } from "./storage_draft";
import { Unsaved } from "./unsaved";
import "./storage.css";

/** Where recordings go, and a bucket of the organisation's own: tried, then taken. */
export function Storage({ held }: { held: Held }) {
    const { settings, mayChange } = held;
    const isOwn = settings.storage !== null;
    return (
        <div class="rows storage">
            <p>{!mayChange && !isOwn ? words.storage.hidden : isOwn ? words.storage.own : words.storage.house}</p>
            <Origin source={settings.sources.storage} />
            {mayChange ? <Bucket held={held} /> : settings.storage && <Told storage={settings.storage} />}
        </div>
    );
}

function Bucket({ held }: { held: Held }) {
    const bucket = useBucket(held);
    const [isGivingUp, setGivingUp] = useState(false);
    const own = held.settings.storage;
    const isTested = bucket.underWay === "test";
    return (
        <form
            class="rows"
            onSubmit={(event) => {
                event.preventDefault();
                void bucket.save();
            }}
        >
            <p class="help">{words.storage.intro}</p>
            {FIELDS.map((name) => (
                <BucketField
                    key={name}
                    name={name}
                    text={bucket.text(name)}
                    wrong={wrongOfField(bucket.error, name)}
                    say={(text) => bucket.say(name, text)}
                />
            ))}
            {bucket.error !== null && !isOfAField(bucket.error) && <Trouble error={bucket.error} />}
            <div class="acts">
                <Button onClick={() => void bucket.test()} isBusy={isTested} disabled={bucket.underWay === "save"}>
                    {bucket.isEmpty ? words.storage.testHouse : words.storage.test}
                </Button>
                <Button
                    kind="primary"
                    type="submit"
                    isBusy={bucket.underWay === "save"}
                    disabled={!bucket.isUnsaved || isTested}
                >
                    {words.save}
                </Button>
                {bucket.isUnsaved && <Button onClick={bucket.discard}>{words.discard}</Button>}
                {own && (
                    <Button kind="danger" onClick={() => setGivingUp(true)}>
                        {words.storage.giveUp}
                    </Button>
                )}
                <span role="status">
                    {bucket.underWay ? words.storage.testing : bucket.isUnsaved ? words.unsaved : ""}
                </span>
            </div>
            {bucket.checks && <Checks {...bucket.checks} />}
            {bucket.isUnsaved && <Unsaved what={words.leaving.changes} />}
            {isGivingUp && own && (
                <Dialog title={words.storage.giveUp} onClose={() => setGivingUp(false)}>
                    <p>
                        <bdi>{words.storage.giveUpText(own.s3Bucket)}</bdi>
                    </p>
                    <div class="acts">
                        <Button onClick={() => setGivingUp(false)}>{words.leaving.stay}</Button>
                        <Button
                            kind="danger"
                            onClick={() => {
                                setGivingUp(false);
                                void bucket.giveUp();
                            }}
                        >
                            {words.storage.giveUp}
                        </Button>
                    </div>
                </Dialog>
            )}
        </form>
    );
}

function BucketField(props: { name: Field; text: string; wrong: string; say: (text: string) => void }) {
    const { name, text, wrong, say } = props;
    const help = {
        s3SecretKey: text === "***" ? words.storage.keptSecret : "",
        s3PublicEndpoint: words.storage.publicHelp,
    };
    const facts = {
        id: name,
        value: text,
        placeholder: words.storage.examples[name],
        spellcheck: false,
        maxLength: 1024,
        "aria-describedby": `${name}-about`,
        "aria-invalid": wrong !== "",
        onInput: (event: TargetedEvent<HTMLInputElement>) => say(event.currentTarget.value),
    };
    const about = (help as Partial<Record<Field, string>>)[name];
    return (
        <div class="row">
            <label for={name}>{words.storage.fields[name]}</label>
            <div class="value">
                {name === "s3SecretKey" ? (
                    <input {...facts} type="password" autocomplete="new-password" />
                ) : (
                    <input {...facts} type="text" autocomplete="off" />
                )}
                <div id={`${name}-about`}>
                    {about && <p class="help">{about}</p>}
                    {wrong && <p class="wrong">{wrong}</p>}
                </div>
            </div>
        </div>
    );
}

function Told({ storage }: { storage: NonNullable<Held["settings"]["storage"]> }) {
    return (
        <dl>
            {FIELDS.filter((name) => storage[name]).map((name) => (
                <div key={name} class="row">
                    <dt>{words.storage.fields[name]}</dt>
                    <dd>
                        <bdi>{storage[name]}</bdi>
                    </dd>
                </div>
            ))}
        </dl>
    );
}

function wrongOfField(error: unknown, name: Field): string {
    return error instanceof Problem ? (error.fields.get(`/${name}`) ?? "") : "";
}

function isOfAField(error: unknown): boolean {
    return FIELDS.some((name) => wrongOfField(error, name) !== "");
}
