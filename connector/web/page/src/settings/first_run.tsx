import { useId, useState } from "preact/hooks";
import { words } from "../words/settings";
import { Copy } from "./copy";
import { KINDS, type Kind, LINES, RUN } from "./first_run/lines";
import "./first_run.css";

/** How a PBX becomes one that callreel records: what to write where, and what to run. */
export function FirstRun() {
    const [kind, setKind] = useState<Kind>("asterisk");
    const lines = LINES[kind];
    const { first } = words;
    return (
        <section class="first-run">
            <h2>{first.title}</h2>
            <p>{first.intro}</p>
            <KindChoice kind={kind} choose={setKind} />
            <ol>
                <Step said={first.account[kind]} text={lines.account} />
                <Step said={first.reload[kind]} text={lines.reload} />
                <Step said={first.folder} text={lines.folder} />
                <Step said={first.config} text={lines.config} />
                <Step said={first.secret} text={lines.secret} />
                <Step said={first.run} text={RUN} />
            </ol>
            <p>{first.after}</p>
        </section>
    );
}

function KindChoice({ kind, choose }: { kind: Kind; choose: (kind: Kind) => void }) {
    const name = useId();
    return (
        <fieldset>
            <legend>{words.first.which}</legend>
            {KINDS.map((one) => (
                <label key={one}>
                    <input type="radio" name={name} checked={one === kind} onChange={() => choose(one)} />{" "}
                    {words.first.kinds[one]}
                </label>
            ))}
        </fieldset>
    );
}

function Step({ said, text }: { said: string; text: string }) {
    const written = text.trimEnd();
    return (
        <li>
            <p>{said}</p>
            <div class="written">
                {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls sideways must be reached by keyboard */}
                <pre tabIndex={0}>
                    <code>{written}</code>
                </pre>
                <Copy text={written} what={said} />
            </div>
        </li>
    );
}
