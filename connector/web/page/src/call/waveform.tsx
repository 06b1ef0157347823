/** The recording at a glance: who is loud when, what is missing, where one is. Click to go there, drag to loop. */

import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { clockOf } from "../format";
import { Button } from "../parts/button";
import { words } from "../words/call";
import { Icon } from "./icons";
import { type Marked, sentenceOf } from "./missing";
import type { Peaks } from "./peaks_file";
import { useLoop } from "./player_state";
import type { Playing } from "./playing";
import type { Speaker } from "./sound";
import { useDragged } from "./waveform_drag";
import { useDrawn } from "./waveform_drawn";

const MOST_ZOOM = 16;

interface Props {
    readonly playing: Playing;
    readonly peaks: Peaks | null;
    readonly speakers: readonly Speaker[];
    readonly marked: readonly Marked[];
    /** Beside the buttons above it. */
    readonly children: ComponentChildren;
}

export function Waveform({ playing, peaks, speakers, marked, children }: Props) {
    const [zoom, setZoom] = useState(1);
    const window = useRef<HTMLDivElement>(null);
    const drawn = useDrawn(playing, peaks, speakers);
    useLayoutEffect(() => keepInSight(window.current, playing), [zoom, playing]);
    return (
        <>
            <div class="waveform-head">
                {children}
                {peaks && <Zoom zoom={zoom} set={setZoom} />}
            </div>
            <div class={peaks ? "waveform-window" : "waveform-window waveform-plain"} ref={window}>
                {/* The whole length; wider than its window when zoomed. */}
                <div class="waveform-length" style={{ width: `${zoom * 100}%` }}>
                    <div class="waveform-drawn" ref={drawn} aria-hidden="true" />
                    {marked.map((one) => (
                        <Mark
                            key={`${one.kind} ${one.side} ${one.who} ${one.start} ${one.end}`}
                            one={one}
                            of={playing.seconds}
                        />
                    ))}
                    <LoopMark playing={playing} />
                    <Place playing={playing} window={window} marked={marked} />
                </div>
            </div>
        </>
    );
}

function Zoom({ zoom, set }: { zoom: number; set: (zoom: number) => void }) {
    return (
        <span class="waveform-zoom">
            <Button
                kind="icon"
                aria-label={words.zoomOut}
                title={words.zoomOut}
                disabled={zoom === 1}
                onClick={() => set(zoom / 2)}
            >
                <Icon of="minus" />
            </Button>
            <Button
                kind="icon"
                aria-label={words.zoomIn}
                title={words.zoomIn}
                disabled={zoom === MOST_ZOOM}
                onClick={() => set(zoom * 2)}
            >
                <Icon of="plus" />
            </Button>
        </span>
    );
}

/** Its words stand in the list of what is missing, too: this one is for the eye alone. */
function Mark({ one, of }: { one: Marked; of: number }) {
    return (
        <span
            class={`mark mark-${one.kind} mark-on-${one.side ?? "both"}`}
            style={placed(one.start, one.end, of)}
            aria-hidden="true"
        />
    );
}

function LoopMark({ playing }: { playing: Playing }) {
    const loop = useLoop(playing);
    if (!loop) return null;
    return (
        <span class="loop-mark" style={placed(loop.from, loop.to ?? loop.from, playing.seconds)} aria-hidden="true" />
    );
}

function placed(start: number, end: number, of: number): { left: string; width: string } {
    return { left: `${(100 * start) / of}%`, width: `${(100 * (end - start)) / of}%` };
}

interface PlaceProps {
    readonly playing: Playing;
    readonly window: { readonly current: HTMLDivElement | null };
    readonly marked: readonly Marked[];
}

/** Where one is: a slider for hands and for keys. Moved from picture to picture without drawing anything else anew. */
function Place({ playing, window, marked }: PlaceProps) {
    const slider = useRef<HTMLDivElement>(null);
    const cursor = useRef<HTMLSpanElement>(null);
    const dragged = useDragged(playing, (element, seconds) => sayWhatIsThere(element, marked, seconds));
    useEffect(
        () =>
            playing.whenMoved((seconds) => {
                const element = slider.current;
                if (!element || !cursor.current) return;
                // By its own width, which is the waveform's, however wide that becomes.
                cursor.current.style.transform = `translateX(${100 * shareOf(playing)}%)`;
                if (playing.state().isPlaying) keepInSight(window.current, playing);
                sayPlace(element, seconds, playing.seconds);
            }),
        [playing],
    );
    return (
        <div
            ref={slider}
            class="waveform-place"
            role="slider"
            tabIndex={0}
            aria-label={words.position}
            title={words.waveform}
            aria-valuemin={0}
            aria-valuenow={0}
            aria-valuemax={Math.round(playing.seconds)}
            onKeyDown={(event) => {
                if (event.key !== "Home" && event.key !== "End") return;
                event.preventDefault();
                playing.seek(event.key === "Home" ? 0 : playing.seconds);
            }}
            {...dragged}
        >
            <span class="waveform-cursor" ref={cursor} />
        </div>
    );
}

function sayWhatIsThere(slider: HTMLElement, marked: readonly Marked[], seconds: number): void {
    const under = marked.filter((one) => one.start <= seconds && seconds <= one.end);
    slider.title = under.map(sentenceOf).join("\n") || words.waveform;
}

/** Once a second, or readers of screens would never be silent. */
function sayPlace(slider: HTMLElement, seconds: number, of: number): void {
    const said = words.positionOf(clockOf(seconds), clockOf(of));
    if (slider.getAttribute("aria-valuetext") === said) return;
    slider.setAttribute("aria-valuenow", String(Math.floor(seconds)));
    slider.setAttribute("aria-valuetext", said);
}

/** Where it is wider than its window. */
function keepInSight(window: HTMLElement | null, playing: Playing): void {
    if (!window) return;
    const x = shareOf(playing) * window.scrollWidth;
    if (x < window.scrollLeft || x > window.scrollLeft + window.clientWidth)
        window.scrollLeft = x - window.clientWidth / 8;
}

function shareOf(playing: Playing): number {
    return playing.seconds > 0 ? Math.min(playing.now / playing.seconds, 1) : 0;
}
