import { useState } from "preact/hooks";
import type { Call, Recording } from "../../api/client";
import { bytesOf, clockOf } from "../../format";
import { Button } from "../../parts/button";
import { words } from "../../words/call_facts";
import { Said } from "./fact";
import { named } from "./named";
import { Section } from "./section";
import "./tables.css";

const W = words.files;
const SHOWN_SIGNS = 8;

/** The files that were made of each recording. */
export function Files({ call }: { call: Call }) {
    const count = call.recordings.reduce((sum, one) => sum + one.files.length, 0);
    return (
        <Section name="files" aside={count || null}>
            {() =>
                call.recordings.map((recording, place) => (
                    <section key={recording.id}>
                        {call.recordings.length > 1 && (
                            <h4>{words.about.recordingOf(place + 1, call.recordings.length)}</h4>
                        )}
                        <FileTable recording={recording} />
                    </section>
                ))
            }
        </Section>
    );
}

function FileTable({ recording }: { recording: Recording }) {
    const [said, setSaid] = useState("");
    if (!recording.files.length) return <p class="help">{W.none}</p>;

    async function copy(digest: string): Promise<void> {
        try {
            await navigator.clipboard.writeText(digest);
            setSaid(W.copied);
        } catch {
            setSaid(`${W.notCopied} ${digest}`);
        }
    }

    return (
        <>
            <table class="facts-table">
                <thead>
                    <tr>
                        <th scope="col">{W.kind}</th>
                        <th scope="col" class="number">
                            {W.length}
                        </th>
                        <th scope="col" class="number">
                            {W.size}
                        </th>
                        <th scope="col">{W.digest}</th>
                    </tr>
                </thead>
                <tbody>
                    {recording.files.map((file) => (
                        <tr key={file.kind}>
                            <th scope="row">
                                {named(W.kinds, file.kind)}{" "}
                                <span class="format">
                                    <Said>{file.format}</Said>
                                </span>
                            </th>
                            <td class="number">{file.duration_seconds > 0 && clockOf(file.duration_seconds)}</td>
                            <td class="number">{bytesOf(file.size_bytes)}</td>
                            <td class="digest">
                                <code title={file.sha256}>{file.sha256.slice(0, SHOWN_SIGNS)}…</code>
                                <Button
                                    kind="icon"
                                    aria-label={W.copyDigest(named(W.kinds, file.kind))}
                                    onClick={() => void copy(file.sha256)}
                                >
                                    {W.copy}
                                </Button>
                            </td>
                        </tr>
                    ))}
                </tbody>
            </table>
            <p class="outcome" role="status">
                {said}
            </p>
        </>
    );
}
