import { words } from "../words/settings";
import type { Checked } from "./storage_draft";

const SIGNS: Readonly<Record<string, string>> = { ok: "✓", note: "i", warning: "!", bad: "✕" };
const LEVELS: Readonly<Record<string, string>> = words.storage.levels;

/** What a trial has found, each thing with good or bad. */
export function Checks({ isGood, said, checks }: Checked) {
    return (
        <section class="checks" aria-label={words.storage.checks}>
            <p role="status" class={isGood ? "good" : "wrong"}>
                {said}
            </p>
            <ul>
                {checks.map((one) => (
                    <li key={`${one.check} ${one.what}`} class={`level-${one.level}`}>
                        <span class="sign" aria-hidden="true">
                            {SIGNS[one.level]}
                        </span>
                        <span class="unseen">{LEVELS[one.level] ?? one.level}: </span>
                        <strong>
                            <bdi>{one.check}</bdi>
                        </strong>
                        <bdi>{one.what}</bdi>
                    </li>
                ))}
            </ul>
        </section>
    );
}
