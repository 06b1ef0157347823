/** One row of the table: what it shows of a call. */

import type { ComponentChildren } from "preact";
import { memo } from "preact/compat";
import { href } from "../address";
import { clockOf, momentOf, shortDayOf, shortTimeOf, timeOf } from "../format";
import { Link } from "../parts/link";
import { words } from "../words/calls";
import type { Form } from "./form";
import { Icon, SOUND_PICTURES } from "./icons";
import { litParts } from "./lit";
import type { Row } from "./row";

interface Props {
    row: Row;
    /** From 0. */
    index: number;
    id: string;
    isActive: boolean;
    isOpen: boolean;
    form: Form;
    showsOrganisation: boolean;
    /** What the address says of the list: links lead to a call beside it. */
    search: string;
    /** Words that were looked for. */
    wanted: string;
}

export const CallRow = memo(function CallRow(props: Props) {
    const { row } = props;
    const isLine = props.form === "line";
    const marks = [props.isActive && "active", props.isOpen && "open", row.hit && "found"];
    const classes = ["row", ...marks].filter(Boolean).join(" ");
    return (
        <tr
            id={props.id}
            class={classes}
            aria-rowindex={props.index + 2}
            aria-selected={props.isOpen}
            data-index={props.index}
        >
            <Cell name="begin">
                <Link href={hrefOf(props.search, row.id)} tabIndex={-1} title={momentOf(row.at)}>
                    <span class="day">{shortDayOf(row.at)}</span> {isLine ? timeOf(row.at) : shortTimeOf(row.at)}
                </Link>
            </Cell>
            <Cell name="direction" title={words.directions[row.direction]}>
                <Icon of={row.direction} />
                <span class="unseen">{words.directions[row.direction]}</span>
            </Cell>
            <Cell name="from">{row.from ? <bdi>{row.from}</bdi> : <i>{words.noNumber}</i>}</Cell>
            <Cell name="to">
                <bdi>{row.to}</bdi>
            </Cell>
            <Cell name="agent">
                <bdi>{row.agent}</bdi>
            </Cell>
            <Cell name="queue">
                <bdi>{row.queue}</bdi>
            </Cell>
            {props.showsOrganisation && (
                <Cell name="organisation">
                    <bdi>{row.organisation}</bdi>
                </Cell>
            )}
            <Cell name="length">{lengthOf(row)}</Cell>
            <SoundCell row={row} />
            <Marks row={row} />
            {row.hit && <Hit row={row} search={props.search} wanted={props.wanted} />}
        </tr>
    );
});

/** Of a call beside the list; with a place of what was said, at that moment. */
export function hrefOf(search: string, callId: string, hit: Row["hit"] = null): string {
    const query = new URLSearchParams(search);
    query.set("call", callId);
    if (hit?.recording_id && hit.start_seconds !== null) {
        query.set("recording", hit.recording_id);
        query.set("t", String(hit.start_seconds));
    }
    return href("calls", query);
}

export function lengthOf(row: Row): string {
    if (row.status === "completed") return clockOf(row.seconds);
    return words.lengths[row.status];
}

export function soundOf(row: Row): string {
    const said = [words.sounds[row.sound], row.reason, row.isHeld && words.held];
    return said.filter(Boolean).join(": ");
}

function Cell(props: { name: string; title?: string; children: ComponentChildren }) {
    return (
        <td class={`cell cell-${props.name}`} title={props.title}>
            {props.children}
        </td>
    );
}

function SoundCell({ row }: { row: Row }) {
    return (
        <Cell name="sound" title={soundOf(row)}>
            <span class={`sound sound-${row.sound}`}>
                <Icon of={SOUND_PICTURES[row.sound]} />
                {words.sounds[row.sound]}
            </span>
            {row.isHeld && (
                <span class="held">
                    <Icon of="lock" />
                    <span class="unseen">{words.held}</span>
                </span>
            )}
            {row.reason && <bdi class="reason">{row.reason}</bdi>}
        </Cell>
    );
}

function Marks({ row }: { row: Row }) {
    const [tag, ...otherTags] = row.tags;
    return (
        <Cell name="marks">
            {row.hasTranscript && <Mark of="words" said={words.hasTranscript} />}
            {row.notes > 0 && <Mark of="note" said={words.notes(row.notes)} />}
            {tag !== undefined && (
                <span class="tags" title={words.tags(row.tags)}>
                    <bdi class="tag">{tag}</bdi>
                    {otherTags.length > 0 && <span class="tag">{words.more(otherTags.length)}</span>}
                </span>
            )}
        </Cell>
    );
}

function Mark({ of, said }: { of: "words" | "note"; said: string }) {
    return (
        <span class="sign" title={said}>
            <Icon of={of} />
            <span class="unseen">{said}</span>
        </span>
    );
}

/** Where the words stand: a line of its own below the others, which leads to that moment. */
function Hit({ row, search, wanted }: { row: Row; search: string; wanted: string }) {
    if (!row.hit) return null;
    const { text, start_seconds: at } = row.hit;
    return (
        <Cell name="hit">
            <Link href={hrefOf(search, row.id, row.hit)} tabIndex={-1}>
                <span class="hit-at">{at === null ? words.note : clockOf(at)}</span>
                <bdi>
                    {litParts(text, wanted).map((part) =>
                        part.isLit ? <mark key={part.at}>{part.text}</mark> : part.text,
                    )}
                </bdi>
                {row.hits > 1 && <span class="hit-more">{words.moreHits(row.hits - 1)}</span>}
            </Link>
        </Cell>
    );
}
