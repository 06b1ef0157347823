import type { Call, Recording } from "../../api/client";
import { clockOf, laterOf, momentOf } from "../../format";
import { words } from "../../words/call_facts";
import { isKept } from "./absence";
import { Fact, Said } from "./fact";
import { named } from "./named";
import { Section } from "./section";

const W = words.about;

/** What the PBX told of the call, and why it is recorded. */
export function About({ call }: { call: Call }) {
    return (
        <Section name="about" isOpenAtFirst>
            {() => (
                <>
                    <dl class="facts-list">
                        <CallFactLines call={call} />
                    </dl>
                    {call.recordings.map((recording, place) => (
                        <section key={recording.id} class="facts-recording">
                            <h4>{W.recordingOf(place + 1, call.recordings.length)}</h4>
                            <dl class="facts-list">
                                <RecordingFactLines recording={recording} call={call} />
                            </dl>
                        </section>
                    ))}
                </>
            )}
        </Section>
    );
}

function CallFactLines({ call }: { call: Call }) {
    const agent =
        call.agent.name && call.agent.id ? `${call.agent.name} (${call.agent.id})` : call.agent.name || call.agent.id;
    return (
        <>
            <Fact name={W.direction}>{named(W.directions, call.direction)}</Fact>
            <Fact name={W.conference}>{call.conference && <Said>{call.conference}</Said>}</Fact>
            <Fact name={W.queue}>{call.queue && <Said>{call.queue}</Said>}</Fact>
            <Fact name={W.agent}>{agent && <Said>{agent}</Said>}</Fact>
            <Fact name={W.organisation}>
                <Said>{call.organisation}</Said>
            </Fact>
            <Fact name={W.pbx}>
                <Said>{call.pbx}</Said>
            </Fact>
            <Fact name={W.began}>{momentOf(call.started_at)}</Fact>
            <Fact name={W.answered}>{call.answered_at && laterOf(call.answered_at, call.started_at)}</Fact>
            <Fact name={W.ended}>{call.ended_at && laterOf(call.ended_at, call.started_at)}</Fact>
            <Fact name={W.talked}>{call.duration > 0 && clockOf(call.duration)}</Fact>
            <Fact name={W.id}>
                <code>
                    <Said>{call.id}</Said>
                </code>
            </Fact>
            <Fact name={W.decision} isLong>
                {call.verdict && (
                    <>
                        <Said>{call.verdict.reason}</Said> – {call.verdict.record ? W.recorded : W.notRecorded}
                    </>
                )}
            </Fact>
            <Fact name={W.consent} isLong>
                {call.consent && <Consent consent={call.consent} begin={call.started_at} />}
            </Fact>
        </>
    );
}

function Consent({ consent, begin }: { consent: NonNullable<Call["consent"]>; begin: string }) {
    return (
        <>
            {consent.asked_at ? `${W.consentAsked} ${laterOf(consent.asked_at, begin)}` : W.consentByDialplan}
            {" – "}
            {consent.key ? (
                <>
                    {W.consentKey} <kbd>{consent.key}</kbd>
                </>
            ) : (
                W.consentNone
            )}
            {consent.answered_at && ` ${laterOf(consent.answered_at, begin)}`}
            {consent.by && (
                <>
                    {` ${W.consentBy} `}
                    <Said>{consent.by}</Said>
                </>
            )}
        </>
    );
}

function RecordingFactLines({ recording, call }: { recording: Recording; call: Call }) {
    const because = recording.rule === call.verdict?.reason ? "" : recording.rule;
    const { started_at: from, ended_at: to } = recording;
    return (
        <>
            <Fact name={W.state} isLong={recording.reason !== ""}>
                {named(W.states, recording.state)}
                {recording.reason && (
                    <>
                        : <Said>{recording.reason}</Said>
                    </>
                )}
            </Fact>
            <Fact name={W.recordedBecause} isLong>
                {because && <Said>{because}</Said>}
            </Fact>
            <Fact name={W.span}>{from && `${laterOf(from, call.started_at)} – ${to ? laterOf(to, from) : "…"}`}</Fact>
            <Fact name={W.partial} isLong>
                {recording.is_partial && <Gaps recording={recording} />}
            </Fact>
            <Fact name={W.channels}>
                {recording.channels.length > 0 && (
                    <ul class="facts-plain">
                        {recording.channels.map((one) => (
                            <li key={one.index}>
                                {W.channel(one.index)}: {named(W.roles, one.role)} <Said>{one.party}</Said>
                            </li>
                        ))}
                    </ul>
                )}
            </Fact>
            <Fact name={W.expires} isLong={recording.hold !== null}>
                {isKept(recording) && <Expiry recording={recording} />}
            </Fact>
        </>
    );
}

function Gaps({ recording }: { recording: Recording }) {
    return (
        <ul class="facts-plain">
            {recording.gaps.map((gap) => (
                <li key={`${gap.side} ${gap.party} ${gap.start_seconds}`}>
                    {gap.start_seconds.toFixed(1)}–{gap.end_seconds.toFixed(1)} s <Said>{gap.party}</Said>:{" "}
                    <Said>{gap.reason}</Said>
                </li>
            ))}
        </ul>
    );
}

function Expiry({ recording }: { recording: Recording }) {
    return (
        <>
            {endOf(recording)}
            {recording.hold && (
                <>
                    {" – "}
                    <strong class="held">{recording.hold.reason ? W.heldBecause : W.held}</strong>{" "}
                    <Said>{recording.hold.reason}</Said>
                </>
            )}
        </>
    );
}

function endOf({ expires_at, is_expiry_known }: Recording): string {
    if (expires_at) return momentOf(expires_at);
    return is_expiry_known ? W.expiresNever : W.expiresLater;
}
