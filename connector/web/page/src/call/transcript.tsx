/** The words beside the sound: what there is of them, why there is none, and what can be done about it. */

import { useEffect, useState } from "preact/hooks";
import type { Call, Recording } from "../api/client";
import { Trouble } from "../parts/trouble";
import { words } from "../words/call";
import { words as common } from "../words/frame";
import type { Playing } from "./playing";
import { HearAgain } from "./transcript_again";
import { type AskedTranscript, type TranscriptFound, useTranscript } from "./transcript_asked";
import { TranscriptForms } from "./transcript_forms";
import { Conversation } from "./transcript_lines";

interface Props {
    readonly call: Call;
    readonly recording: Recording;
    /** Null: there is no sound to it. */
    readonly playing: Playing | null;
}

export function Transcript({ call, recording, playing }: Props) {
    const [version, setVersion] = useState<number | null>(null);
    useEffect(() => setVersion(null), [recording.id]);
    const asked = useTranscript(call.id, recording, version);
    const { found } = asked;
    // Why there is no sound is said where it would be; of words that are nowhere either there is nothing to add.
    if (!playing && !found?.document && !found?.versions.length) return null;
    return (
        <section class="transcript" aria-label={words.transcript}>
            <header class="transcript-head">
                <h2>{words.transcript}</h2>
                {found && found.versions.length > 1 && (
                    <Versions found={found} choose={(number) => setVersion(number)} />
                )}
                {found?.document && <TranscriptForms call={call} recording={recording} version={version} />}
                <HearAgain key={recording.id} recording={recording} asked={asked} />
            </header>
            <Newer asked={asked} />
            <Words asked={asked} playing={playing} />
        </section>
    );
}

function Words({ asked, playing }: { asked: AskedTranscript; playing: Playing | null }) {
    const { found, error, again } = asked;
    if (found?.document)
        return <Conversation key={found.document.transcriptVersion} document={found.document} playing={playing} />;
    if (found?.absence) return <Absent found={found} />;
    if (error) return <Trouble error={error} again={again} />;
    return <p class="loading">{common.loading}</p>;
}

function Absent({ found }: { found: TranscriptFound }) {
    const { absence } = found;
    const said = Object.entries(words.noTranscript).find(([reason]) => reason === absence?.reason)?.[1];
    // Of what is off or on its way there is no more to say; of what failed there is.
    const isExplained = absence?.reason === "off" || absence?.reason === "not ready";
    return (
        <div class="transcript-none" role="status">
            {said && <p>{said}</p>}
            {!(said && isExplained) && absence && (
                <p>
                    <bdi>{absence.detail}</bdi>
                </p>
            )}
        </div>
    );
}

/** One that is being made while an earlier one is read, or that could not be. */
function Newer({ asked }: { asked: AskedTranscript }) {
    const newest = asked.found?.versions[0];
    if (!asked.found?.document || !newest) return null;
    if (asked.isAwaited) return <p class="player-note">{words.hearing}</p>;
    if (!newest.reason) return null;
    return (
        <p class="player-note">
            {words.heardBadly} <bdi>{newest.reason}</bdi>
        </p>
    );
}

function Versions({ found, choose }: { found: TranscriptFound; choose: (number: number) => void }) {
    return (
        <select
            aria-label={words.version}
            title={words.version}
            value={String(found.document?.transcriptVersion ?? found.versions[0]?.version ?? "")}
            onChange={(event) => choose(Number(event.currentTarget.value))}
        >
            {found.versions.map((one) => (
                <option key={one.version} value={String(one.version)}>
                    {words.versionOf(one.version, one.engine)}
                </option>
            ))}
        </select>
    );
}
