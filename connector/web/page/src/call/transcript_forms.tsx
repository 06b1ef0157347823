import type { Call, Recording } from "../api/client";
import { words } from "../words/call";
import { Icon } from "./icons";

const FORMS = ["text", "vtt", "srt", "document"] as const;
const ENDINGS = { text: "txt", vtt: "vtt", srt: "srt", document: "json" } as const;

/** The transcript as a file, in each form that other programs read. */
export function TranscriptForms(props: { call: Call; recording: Recording; version: number | null }) {
    const { call, recording, version } = props;
    const address = (format: string): string => {
        const query = new URLSearchParams({ recording: recording.id, format });
        if (version !== null) query.set("version", String(version));
        return `/v1/calls/${encodeURIComponent(call.id)}/transcript?${query}`;
    };
    return (
        <ul class="transcript-forms" aria-label={words.transcriptAs}>
            <li>
                <Icon of="download" />
            </li>
            {FORMS.map((form) => (
                <li key={form}>
                    <a
                        href={address(form)}
                        download={`${call.id}.transcript.${ENDINGS[form]}`}
                        title={`${words.transcriptAs} ${words.forms[form]}`}
                    >
                        {words.forms[form]}
                    </a>
                </li>
            ))}
        </ul>
    );
}
