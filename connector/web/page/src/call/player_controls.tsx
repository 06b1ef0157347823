/** The buttons of the player. */

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { clockOf } from "../format";
import { Button } from "../parts/button";
import { words } from "../words/call";
import { Icon } from "./icons";
import { type Stretch, secondsOf } from "./peaks_file";
import type { Copying } from "./player";
import { type Playing, type PlayingState, SPEEDS } from "./playing";

interface Props {
    readonly playing: Playing;
    readonly state: PlayingState;
    readonly quiet: readonly Stretch[];
    readonly hasWaveform: boolean;
    readonly copying: Copying;
    readonly downloads: ComponentChildren;
}

export function Controls({ playing, state, quiet, hasWaveform, copying, downloads }: Props) {
    return (
        <div class="controls">
            <Moving playing={playing} isPlaying={state.isPlaying} />
            <Clock playing={playing} />
            <Speed playing={playing} speed={state.speed} />
            <Volume playing={playing} state={state} />
            {hasWaveform && <SkipSilence playing={playing} state={state} quiet={quiet} />}
            <Looping playing={playing} state={state} />
            <span class="controls-end">
                <span role="status">{copying.outcome === true && words.copied}</span>
                <PictureButton of="link" name={words.copyMoment} onClick={copying.copy} />
                {downloads}
            </span>
            {typeof copying.outcome === "string" && (
                <label class="copy-by-hand">
                    {words.notCopied}
                    <input readOnly value={copying.outcome} onFocus={(event) => event.currentTarget.select()} />
                </label>
            )}
        </div>
    );
}

function PictureButton(props: { of: Parameters<typeof Icon>[0]["of"]; name: string; onClick: () => void }) {
    return (
        <Button kind="icon" aria-label={props.name} title={props.name} onClick={props.onClick}>
            <Icon of={props.of} />
        </Button>
    );
}

const STEP_SECONDS = 5;

function Moving({ playing, isPlaying }: { playing: Playing; isPlaying: boolean }) {
    return (
        <span class="controls-moving">
            <PictureButton of="back" name={words.back} onClick={() => playing.by(-STEP_SECONDS)} />
            <Button
                kind="primary"
                aria-label={isPlaying ? words.pause : words.play}
                title={isPlaying ? words.pause : words.play}
                onClick={() => playing.toggle()}
            >
                <Icon of={isPlaying ? "pause" : "play"} />
            </Button>
            <PictureButton of="forward" name={words.forward} onClick={() => playing.by(STEP_SECONDS)} />
        </span>
    );
}

/** Told by the moment, not drawn anew with each. */
function Clock({ playing }: { playing: Playing }) {
    const place = useRef<HTMLSpanElement>(null);
    useEffect(
        () =>
            playing.whenMoved((seconds) => {
                const said = clockOf(seconds);
                if (place.current && place.current.textContent !== said) place.current.textContent = said;
            }),
        [playing],
    );
    return (
        <span class="clock">
            <span ref={place} class="clock-now" /> / {clockOf(playing.seconds)}
        </span>
    );
}

function Speed({ playing, speed }: { playing: Playing; speed: number }) {
    return (
        <select
            aria-label={words.speed}
            title={words.speed}
            value={String(speed)}
            onChange={(event) => playing.speed(Number(event.currentTarget.value))}
        >
            {SPEEDS.map((one) => (
                <option key={one} value={String(one)}>
                    {words.speedOf(one)}
                </option>
            ))}
        </select>
    );
}

function Volume({ playing, state }: { playing: Playing; state: PlayingState }) {
    const name = state.isMuted ? words.unmute : words.mute;
    return (
        <span class="volume">
            <PictureButton
                of={state.isMuted ? "mute" : "loud"}
                name={name}
                onClick={() => playing.mute(!state.isMuted)}
            />
            <input
                type="range"
                aria-label={words.volume}
                min="0"
                max="1"
                step="0.05"
                value={state.volume}
                onInput={(event) => playing.volume(Number(event.currentTarget.value))}
            />
        </span>
    );
}

function SkipSilence({ playing, state, quiet }: { playing: Playing; state: PlayingState; quiet: readonly Stretch[] }) {
    const left = clockOf(playing.seconds - secondsOf(quiet));
    return (
        <label class="skip-silence" title={quiet.length > 0 ? undefined : words.noSilence}>
            <input
                type="checkbox"
                checked={state.skipsSilence}
                disabled={quiet.length === 0}
                onChange={(event) => playing.skipSilence(event.currentTarget.checked)}
            />
            {words.skipSilence}
            {quiet.length > 0 && <span class="quiet">{words.withoutSilence(left)}</span>}
        </label>
    );
}

function Looping({ playing, state }: { playing: Playing; state: PlayingState }) {
    const { loop } = state;
    if (!loop) return null;
    const said =
        loop.to === null ? words.loopBegun(clockOf(loop.from)) : words.loopOf(clockOf(loop.from), clockOf(loop.to));
    return (
        <span class="looping">
            <span role="status">{said}</span>
            {loop.to === null && <Button onClick={() => playing.loopToHere()}>{words.loopTo}</Button>}
            <Button onClick={() => playing.loop(null)}>{words.loopOff}</Button>
        </span>
    );
}
