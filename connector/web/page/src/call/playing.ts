/** One recording being played: what the buttons and keys do, and who is told of it. Knows an audio element; knows
 * nothing of how any of it is shown. */

import { Ears, EVERYBODY, type Hearing } from "./ears";
import { type Stretch, stretchAt } from "./peaks_file";
import type { Side, Sound } from "./sound";

export const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2] as const;

/** `to` is null while only its beginning is set. */
export interface Loop {
    readonly from: number;
    readonly to: number | null;
}

export interface PlayingState {
    readonly isPlaying: boolean;
    readonly speed: number;
    readonly volume: number;
    readonly isMuted: boolean;
    readonly skipsSilence: boolean;
    readonly loop: Loop | null;
    readonly hearing: Hearing;
    /** The browser's MediaError.code; 0: none. */
    readonly error: number;
}

/** A range shorter than this was meant as a click. */
const SHORTEST_LOOP_SECONDS = 0.2;

/** How somebody likes to listen holds for the next recording, too. */
let habits = { speed: 1, volume: 1, isMuted: false, skipsSilence: false };

export class Playing {
    readonly audio = new Audio();
    readonly seconds: number;
    #state: PlayingState;
    #silences: readonly Stretch[] = [];
    #ears: Ears | null = null;
    #frame = 0;
    readonly #stateReaders = new Set<() => void>();
    readonly #momentReaders = new Set<(seconds: number) => void>();

    constructor(sound: Sound, from: number) {
        this.seconds = sound.seconds;
        this.#state = {
            ...habits,
            isPlaying: false,
            loop: null,
            hearing: EVERYBODY,
            error: 0,
        };
        const { audio } = this;
        audio.preload = "metadata";
        for (const event of ["play", "pause"]) audio.addEventListener(event, this.#played);
        audio.addEventListener("ended", this.#ended);
        for (const event of ["timeupdate", "seeking", "seeked", "loadedmetadata"])
            audio.addEventListener(event, this.#moved);
        audio.addEventListener("error", () => this.#become({ error: audio.error?.code ?? 0, isPlaying: false }));
        [audio.volume, audio.muted] = [habits.volume, habits.isMuted];
        audio.src = sound.address;
        this.#speed(habits.speed);
        if (from > 0) this.seek(from);
    }

    /** Of no use afterwards. */
    close(): void {
        cancelAnimationFrame(this.#frame);
        this.#stateReaders.clear();
        this.#momentReaders.clear();
        this.audio.pause();
        // Lets go of the connection, too.
        this.audio.removeAttribute("src");
        this.audio.load();
        this.#ears?.close();
    }

    readonly state = (): PlayingState => this.#state;

    readonly whenChanged = (react: () => void): (() => void) => {
        this.#stateReaders.add(react);
        return () => this.#stateReaders.delete(react);
    };

    /** With every picture while it plays, and when it goes elsewhere; at once, too. */
    readonly whenMoved = (react: (seconds: number) => void): (() => void) => {
        this.#momentReaders.add(react);
        react(this.now);
        return () => this.#momentReaders.delete(react);
    };

    get now(): number {
        return this.audio.currentTime;
    }

    seek(seconds: number): void {
        this.audio.currentTime = Math.min(Math.max(0, seconds), this.seconds);
        this.#tell();
    }

    by(seconds: number): void {
        this.seek(this.now + seconds);
    }

    toggle(): void {
        if (!this.audio.paused) this.audio.pause();
        else this.play();
    }

    play(): void {
        this.#ears?.wake();
        // Where it may not, or is stopped at once, the state says so.
        this.audio.play().catch(() => this.#become({ isPlaying: false }));
    }

    /** After an error: from where it was. */
    retry(): void {
        const at = this.now;
        this.#become({ error: 0 });
        this.audio.load();
        this.seek(at);
    }

    speed(speed: number): void {
        this.#speed(speed);
        this.#like({ speed });
    }

    faster(steps: 1 | -1): void {
        const at = SPEEDS.findIndex((one) => one >= this.#state.speed);
        this.speed(SPEEDS[Math.min(Math.max(0, at + steps), SPEEDS.length - 1)] ?? 1);
    }

    volume(share: number): void {
        this.audio.volume = Math.min(Math.max(0, share), 1);
        this.#like({ volume: this.audio.volume });
    }

    mute(isMuted: boolean): void {
        this.audio.muted = isMuted;
        this.#like({ isMuted });
    }

    /** `silences` as the waveform shows them; without one there are none to skip. */
    knows(silences: readonly Stretch[]): void {
        this.#silences = silences;
    }

    skipSilence(skipsSilence: boolean): void {
        this.#like({ skipsSilence });
    }

    loop(loop: Loop | null): void {
        const isLong = loop?.to == null || loop.to - loop.from >= SHORTEST_LOOP_SECONDS;
        this.#become({ loop: isLong ? loop : null });
    }

    loopFromHere(): void {
        const to = this.#state.loop?.to ?? null;
        this.loop({ from: this.now, to: to !== null && to > this.now ? to : null });
    }

    loopToHere(): void {
        const from = this.#state.loop?.from ?? 0;
        this.loop({ from: from < this.now ? from : 0, to: this.now });
    }

    hear(hearing: Hearing): void {
        this.#ears ??= new Ears(this.audio);
        this.#ears.hear(hearing);
        this.#become({ hearing });
    }

    solo(side: Side | null): void {
        const isAlready = this.#state.hearing.solo === side;
        this.hear({ muted: EVERYBODY.muted, solo: isAlready ? null : side });
    }

    muteOne(side: Side): void {
        const { muted } = this.#state.hearing;
        this.hear({ muted: { ...muted, [side]: !muted[side] }, solo: null });
    }

    readonly #played = (): void => {
        this.#become({ isPlaying: !this.audio.paused && !this.audio.ended });
        cancelAnimationFrame(this.#frame);
        if (this.#state.isPlaying) this.#follow();
        this.#tell();
    };

    readonly #ended = (): void => {
        const { loop } = this.#state;
        this.#played();
        if (loop?.to == null) return;
        // Its end is the recording's own: there is nothing behind it to jump back from.
        this.seek(loop.from);
        this.play();
    };

    /** Hidden pages get no pictures, but still a `timeupdate` now and then. */
    readonly #moved = (): void => {
        if (this.#state.isPlaying) this.#jump();
        this.#tell();
    };

    readonly #follow = (): void => {
        this.#jump();
        this.#tell();
        this.#frame = requestAnimationFrame(this.#follow);
    };

    #jump(): void {
        if (this.audio.seeking) return;
        const { loop, skipsSilence } = this.#state;
        const now = this.now;
        if (loop?.to != null && now >= loop.to) {
            this.audio.currentTime = loop.from;
            return;
        }
        const silence = skipsSilence ? stretchAt(this.#silences, now) : undefined;
        if (silence) this.audio.currentTime = Math.min(silence.end, loop?.to ?? silence.end);
    }

    /** Also after another load: that begins with the default. */
    #speed(factor: number): void {
        this.audio.defaultPlaybackRate = factor;
        this.audio.playbackRate = factor;
    }

    #like(changes: Partial<typeof habits>): void {
        habits = { ...habits, ...changes };
        this.#become(changes);
    }

    #become(changes: Partial<PlayingState>): void {
        this.#state = { ...this.#state, ...changes };
        for (const reader of this.#stateReaders) reader();
    }

    #tell(): void {
        for (const reader of this.#momentReaders) reader(this.now);
    }
}
