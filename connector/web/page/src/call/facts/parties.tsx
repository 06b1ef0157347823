import type { Call } from "../../api/client";
import { laterOf } from "../../format";
import { words } from "../../words/call_facts";
import { Said } from "./fact";
import { Section } from "./section";
import "./parties.css";

const W = words.parties;
type Leg = Call["legs"][number];
type Span = { from: number; until: number };

/** Each leg with its times; beside them, for the eye, where in the call that was. */
export function Parties({ call }: { call: Call }) {
    const whole = wholeSpan(call);
    return (
        <Section name="parties" isOpenAtFirst>
            {() =>
                call.legs.length ? (
                    <ol class="facts-legs">
                        {call.legs.map((leg, place) => (
                            <LegLine key={`${place} ${leg.created_at}`} leg={leg} whole={whole} call={call} />
                        ))}
                    </ol>
                ) : (
                    <p class="help">{W.none}</p>
                )
            }
        </Section>
    );
}

function LegLine({ leg, whole, call }: { leg: Leg; whole: Span; call: Call }) {
    const at = (moment: string): string => laterOf(moment, call.started_at);
    return (
        <li>
            <span class="leg-who">
                <strong>
                    <Said>{leg.number || W.nameless}</Said>
                </strong>
                {leg.name && <Said>{leg.name}</Said>}
                {leg.dialled && leg.dialled !== leg.number && (
                    <span class="leg-quiet">
                        {W.dialled} <Said>{leg.dialled}</Said>
                    </span>
                )}
                {leg.device && (
                    <code class="leg-quiet">
                        <Said>{leg.device}</Said>
                    </code>
                )}
            </span>
            <span class="leg-times">
                {at(leg.created_at)} – {leg.answered_at ? `${W.answered} ${at(leg.answered_at)}` : W.notAnswered} –{" "}
                {leg.ended_at ? at(leg.ended_at) : endless(call)}
            </span>
            <LegBar leg={leg} whole={whole} />
        </li>
    );
}

/** Of a leg whose end the PBX never told the call's end is all that is known. */
function endless(call: Call): string {
    return call.ended_at === null ? W.lasts : W.notTold;
}

function LegBar({ leg, whole }: { leg: Leg; whole: Span }) {
    const rang = share(Date.parse(leg.created_at), whole);
    const ended = share(leg.ended_at ? Date.parse(leg.ended_at) : whole.until, whole);
    const talked = leg.answered_at ? share(Date.parse(leg.answered_at), whole) : ended;
    return (
        <span class="leg-bar" aria-hidden="true">
            <span class="leg-rang" style={{ left: `${rang}%`, width: `${Math.max(talked - rang, 0)}%` }} />
            <span class="leg-talked" style={{ left: `${talked}%`, width: `${Math.max(ended - talked, 0)}%` }} />
        </span>
    );
}

function wholeSpan(call: Call): Span {
    const from = Math.min(Date.parse(call.started_at), ...call.legs.map((leg) => Date.parse(leg.created_at)));
    const ends = call.legs.map((leg) => (leg.ended_at ? Date.parse(leg.ended_at) : 0));
    const until = call.ended_at ? Math.max(Date.parse(call.ended_at), ...ends) : Date.now();
    return { from, until: Math.max(until, from + 1) };
}

function share(moment: number, whole: Span): number {
    const part = (moment - whole.from) / (whole.until - whole.from);
    return Math.round(1000 * Math.min(1, Math.max(0, part))) / 10;
}
