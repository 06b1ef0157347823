import { useId } from "preact/hooks";
import { words } from "../words/settings";
import { useDraft } from "./draft";
import { Form } from "./form";
import type { Change, Held } from "./house";
import { type Facts, Row } from "./row";

type Format = NonNullable<Change["recording_format"]>;
const FORMATS = Object.keys(words.formats) as Format[];
const SWITCHES = ["recording_enabled", "multi_channel"] as const;
/** To choose from; any other may be typed. */
const LOCALES = ["de-DE", "en-GB", "en-US", "es-ES", "fr-FR", "it-IT", "nl-NL", "pl-PL", "pt-BR", "tr-TR"];

/** Whether calls are recorded, and what their recordings are like. */
export function Recording({ held }: { held: Held }) {
    const draft = useDraft(held);
    const { settings } = held;
    const locale = settings.transcription_locale;
    const shared = { held, draft };
    return (
        <Form draft={draft} mayChange={held.mayChange}>
            {SWITCHES.map((name) => (
                <Row key={name} {...shared} name={name} shown={onOff(settings[name])}>
                    {(facts) => (
                        <Switch {...facts} isOn={Boolean(draft.wanted(name))} say={(on) => draft.say(name, on)} />
                    )}
                </Row>
            ))}
            <Row {...shared} name="recording_format" shown={formatName(settings.recording_format)}>
                {(facts) => (
                    <select
                        {...facts}
                        value={draft.wanted("recording_format") ?? ""}
                        onChange={(event) => draft.say("recording_format", event.currentTarget.value as Format)}
                    >
                        {FORMATS.map((one) => (
                            <option key={one} value={one}>
                                {words.formats[one]}
                            </option>
                        ))}
                    </select>
                )}
            </Row>
            <Row {...shared} name="transcription_enabled" shown={onOff(settings.transcription_enabled)}>
                {(facts) => (
                    <Switch
                        {...facts}
                        isOn={Boolean(draft.wanted("transcription_enabled"))}
                        say={(on) => draft.say("transcription_enabled", on)}
                    />
                )}
            </Row>
            <Row {...shared} name="transcription_locale" shown={locale || words.anyLanguage}>
                {(facts) => (
                    <Locale
                        {...facts}
                        locale={draft.wanted("transcription_locale") ?? ""}
                        say={(text) =>
                            draft.say("transcription_locale", text === (locale ?? "") ? locale : text || null)
                        }
                    />
                )}
            </Row>
        </Form>
    );
}

function Switch({ isOn, say, ...facts }: Facts & { isOn: boolean; say: (isOn: boolean) => void }) {
    return (
        <>
            <input
                {...facts}
                type="checkbox"
                class="switch"
                checked={isOn}
                onChange={(event) => say(event.currentTarget.checked)}
            />
            <span aria-hidden="true">{onOff(isOn)}</span>
        </>
    );
}

function Locale({ locale, say, ...facts }: Facts & { locale: string; say: (locale: string) => void }) {
    const list = useId();
    return (
        <>
            <input
                {...facts}
                list={list}
                value={locale}
                size={10}
                autocomplete="off"
                spellcheck={false}
                placeholder={words.anyLanguage}
                onInput={(event) => say(event.currentTarget.value.trim())}
            />
            <datalist id={list}>
                {LOCALES.map((one) => (
                    <option key={one} value={one} />
                ))}
            </datalist>
        </>
    );
}

function onOff(isOn: boolean): string {
    return isOn ? words.on : words.off;
}

function formatName(format: string): string {
    return words.formats[format as Format] ?? format;
}
