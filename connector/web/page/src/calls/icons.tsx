/** The few pictures of the list. Each stands beside its words, for eyes that look over many rows. */

import type { Sound } from "./row";

const PATHS = {
    inbound: "M17 5.6 18.4 7l-9 9H15v2H6V9h2v5.6z",
    outbound: "M7 18.4 5.6 17l9-9H9V6h9v9h-2V9.4z",
    internal: "M4 8h12.2l-2.6-2.6L15 4l5 5-5 5-1.4-1.4 2.6-2.6H4zM20 16H7.8l2.6 2.6L9 20l-5-5 1-1z",
    unknown:
        "M11 16h2v2h-2zM12 5a4 4 0 0 1 2 7.5c-.8.5-1 .9-1 1.5h-2c0-1.6.7-2.5 2-3.3A2 2 0 1 0 10 9H8a4 4 0 0 1 4-4z",
    play: "M8 5.5v13l10.5-6.5z",
    half: "M8 5.5v13l10.5-6.5zM10 9l4.7 3-4.7 3z",
    dot: "M12 6a6 6 0 1 1 0 12 6 6 0 0 1 0-12z",
    pause: "M7 6h3.5v12H7zM13.5 6H17v12h-3.5z",
    clock: "M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16zm0 2a6 6 0 1 0 0 12 6 6 0 0 0 0-12zm1 2v3.6l2.5 2.5-1.4 1.4L11 12.4V8z",
    cross: "M6.4 5 12 10.6 17.6 5 19 6.4 13.4 12l5.6 5.6-1.4 1.4-5.6-5.6L6.4 19 5 17.6 10.6 12 5 6.4z",
    none: "M6 11h12v2H6z",
    off: "M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16zm-4.7 4.7A6 6 0 0 0 15.3 16.7zm1.4-1.4 8 8A6 6 0 0 0 8.7 7.3z",
    gone: "M9 4h6l1 2h4v2H4V6h4zM6 10h12l-1 10H7zm2.2 2 .6 6h6.4l.6-6z",
    lock: "M12 3a4 4 0 0 1 4 4v3h2v10H6V10h2V7a4 4 0 0 1 4-4zm0 2a2 2 0 0 0-2 2v3h4V7a2 2 0 0 0-2-2z",
    words: "M4 5h16v11h-9l-4 4v-4H4zm3 3v2h10V8zm0 3.5v2h7v-2z",
    note: "M5 4h14v10l-6 6H5zm2 2v12h5v-5h5V6zm2 2h6v2H9z",
} as const;

export type Picture = keyof typeof PATHS;

export function Icon({ of }: { of: Picture }) {
    return (
        <svg class="icon" viewBox="0 0 24 24" width="16" height="16" aria-hidden="true">
            <path d={PATHS[of]} fill="currentColor" fill-rule="evenodd" />
        </svg>
    );
}

export const SOUND_PICTURES: Record<Sound, Picture> = {
    available: "play",
    partial: "half",
    recording: "dot",
    paused: "pause",
    starting: "clock",
    on_its_way: "clock",
    awaited: "clock",
    failed: "cross",
    off: "off",
    no_answer: "none",
    too_short: "none",
    expired: "gone",
    erased: "gone",
};
