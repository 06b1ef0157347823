/** What of a recording can be taken along: stored files as they are, and others made of them. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { Call, Recording } from "../api/client";
import { bytesOf } from "../format";
import { Button } from "../parts/button";
import { words } from "../words/call";
import { Icon } from "./icons";
import { type Kind, soundAddress, stored } from "./sound";

interface Offer {
    readonly kind: Kind;
    readonly format: string;
    readonly address: string;
    /** Null: it is made while it is read. */
    readonly bytes: number | null;
}

const MADE_FORMATS = ["mp3", "wav"];
const MADE_OF_STEREO: readonly Kind[] = ["stereo", "mono", "left", "right"];

/** Each of them once, and nothing made that is stored. */
export function offersOf(recording: Recording): Offer[] {
    const files = stored(recording);
    const asStored = files.map((one) => ({
        kind: one.kind as Kind,
        format: one.format,
        address: soundAddress(recording.id, one.kind as Kind),
        bytes: one.size_bytes,
    }));
    const kinds = files.some((one) => one.kind === "stereo")
        ? MADE_OF_STEREO
        : MADE_OF_STEREO.filter((kind) => files.some((one) => one.kind === kind));
    const made = kinds.flatMap((kind) =>
        MADE_FORMATS.filter((format) => !files.some((one) => one.kind === kind && one.format === format)).map(
            (format) => ({ kind, format, address: soundAddress(recording.id, kind, format), bytes: null }),
        ),
    );
    return [...asStored, ...made];
}

export function Downloads({ call, recording }: { call: Call; recording: Recording }) {
    const [isOpen, setOpen] = useState(false);
    const place = useRef<HTMLSpanElement>(null);
    useEffect(() => {
        if (!isOpen) return;
        const close = (event: Event): void => {
            const isInside = event.target instanceof Node && place.current?.contains(event.target);
            if (!isInside) setOpen(false);
        };
        const closeByKey = (event: KeyboardEvent): void => {
            if (event.key !== "Escape") return;
            // Only this one is closed by it.
            event.stopPropagation();
            setOpen(false);
            place.current?.querySelector("button")?.focus();
        };
        document.addEventListener("pointerdown", close);
        document.addEventListener("focusin", close);
        document.addEventListener("keydown", closeByKey, { capture: true });
        return () => {
            document.removeEventListener("keydown", closeByKey, { capture: true });
            document.removeEventListener("pointerdown", close);
            document.removeEventListener("focusin", close);
        };
    }, [isOpen]);
    return (
        <span class="downloads" ref={place}>
            <Button
                kind="icon"
                aria-label={words.download}
                title={words.download}
                aria-expanded={isOpen}
                onClick={() => setOpen(!isOpen)}
            >
                <Icon of="download" />
            </Button>
            {isOpen && <Offers callId={call.id} offers={offersOf(recording)} />}
        </span>
    );
}

function Offers({ callId, offers }: { callId: string; offers: readonly Offer[] }) {
    const groups = [
        { title: words.asStored, offers: offers.filter((one) => one.bytes !== null) },
        { title: words.madeNow, offers: offers.filter((one) => one.bytes === null) },
    ];
    return (
        <div class="offers">
            {groups.map(({ title, offers }) =>
                offers.length === 0 ? null : (
                    <section key={title} aria-label={title}>
                        <h3>{title}</h3>
                        <ul>
                            {offers.map((one) => (
                                <li key={one.address}>
                                    <a href={one.address} download={`${callId}.${one.kind}.${one.format}`}>
                                        {words.kinds[one.kind]} <strong>{one.format.toUpperCase()}</strong>
                                    </a>
                                    {one.bytes !== null && <span class="quiet">{bytesOf(one.bytes)}</span>}
                                </li>
                            ))}
                        </ul>
                    </section>
                ),
            )}
        </div>
    );
}
