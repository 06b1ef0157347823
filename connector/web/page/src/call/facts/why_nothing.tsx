import type { ComponentChildren } from "preact";
import { href } from "../../address";
import type { Call, Recording } from "../../api/client";
import { momentOf } from "../../format";
import { Link } from "../../parts/link";
import { may } from "../../session/session";
import { words } from "../../words/call_facts";
import { type Absence, absenceOf, alike, isGone } from "./absence";
import { Fact, Said } from "./fact";
import "./facts.css";
import { named } from "./named";
import { RetryButton } from "./retry";
import "./why_nothing.css";

const W = words.why;
const TROUBLES: ReadonlySet<Absence> = new Set(["lost", "unmade", "unstored", "noCopy"]);

type Props = { call: Call; recording?: Recording | null | undefined; reload?: () => void };

/** Where the player would be: in plain words why there is nothing to play, and what can be done. */
export function WhyNothing({ call, recording, reload }: Props) {
    const absence = absenceOf(call, recording);
    return (
        <div class={`why-nothing ${TROUBLES.has(absence) ? "why-trouble" : ""}`}>
            {isGone(absence) && recording ? (
                <Gone recording={recording} absence={absence} />
            ) : (
                <>
                    <p class="why-main" role="status">
                        {W[absence]}
                    </p>
                    <Reason call={call} recording={recording} absence={absence} />
                    {recording && <Mend absence={absence} recording={recording} reload={reload} />}
                </>
            )}
        </div>
    );
}

/** In the words of the server. */
function Reason({ call, recording, absence }: Props & { absence: Absence }) {
    if (recording && (absence === "unstored" || absence === "noCopy") && recording.deliveries.length) {
        return <BadCopies recording={recording} />;
    }
    const reason = absence === "off" ? call.verdict?.reason : recording?.reason;
    return (
        <>
            {reason && (
                <p class="why-reason">
                    <Said>{reason}</Said>
                </p>
            )}
            {absence === "off" && may("admin") && (
                <p>
                    {W.offMend} <Link href={href("settings")}>{W.settings}</Link>
                </p>
            )}
        </>
    );
}

/** What is the same of several files is said once. */
function BadCopies({ recording }: { recording: Recording }) {
    return (
        <ul class="why-copies">
            {alike(recording.deliveries).map(({ kinds, one }) => (
                <li key={`${one.destination}/${one.kind}`}>
                    <strong>
                        <Said>{one.destination}</Said>
                    </strong>{" "}
                    ({kinds.join(", ")}): {named(words.deliveries.states, one.state)}
                    {one.reason && (
                        <>
                            {" – "}
                            <Said>{one.reason}</Said>
                        </>
                    )}
                </li>
            ))}
        </ul>
    );
}

type MendProps = { absence: Absence; recording: Recording; reload: (() => void) | undefined };

function Mend({ absence, recording, reload }: MendProps) {
    const hints = mendHints(absence, recording);
    const canRetry = absence === "unmade" || absence === "unstored";
    return (
        <>
            {hints.map((hint) => (
                <p key={hint}>{hint}</p>
            ))}
            {canRetry && !may("admin") && <p>{W.askAdministrator}</p>}
            {canRetry && may("admin") && <RetryButton recording={recording} reload={reload} label={W.retry} />}
        </>
    );
}

function mendHints(absence: Absence, recording: Recording): string[] {
    const has = (state: string): boolean => recording.deliveries.some((one) => one.state === state);
    if (absence === "lost") return [W.lostMend];
    if (absence === "unmade") return [W.unmadeMend];
    if (absence === "noCopy") return [W.noCopyMend];
    if (absence !== "unstored") return [];
    return [...(has("refused") ? [W.refusedMend] : []), ...(has("gave-up") ? [W.gaveUpMend] : [])];
}

/** When and by whom; of one whose days were over that says why, too. */
function Gone({ recording, absence }: { recording: Recording; absence: Absence }) {
    const { removal } = recording;
    const isExpired = removal?.is_expired ?? false;
    return (
        <>
            <p class="why-main" role="status">
                {absence === "removing" ? W.removing : isExpired ? W.expired : W.removed}
            </p>
            <dl class="facts-list">
                <Fact name={W.when}>{removal?.at && momentOf(removal.at)}</Fact>
                <Fact name={W.by}>{said(removal?.by)}</Fact>
                <Fact name={W.because}>{!isExpired && said(recording.reason)}</Fact>
                <Fact name={W.keptUntil}>{recording.expires_at && momentOf(recording.expires_at)}</Fact>
            </dl>
        </>
    );
}

function said(text: string | undefined): ComponentChildren {
    return text && <Said>{text}</Said>;
}
