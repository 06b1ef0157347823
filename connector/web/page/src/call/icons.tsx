/** The few pictures of the player. Each is beside words, or a button that has them. */

const PATHS = {
    play: "M7 4.5v15l13-7.5z",
    pause: "M6 4.5h4.5v15H6zM13.5 4.5H18v15h-4.5z",
    back: "M12 5v3.5L5.5 12l6.5 3.5V19L2 12zM22 5v14l-9-7z",
    forward: "M12 5v3.5l6.5 3.5-6.5 3.5V19l10-7zM2 5v14l9-7z",
    loud: "M3 9v6h4l6 5V4L7 9zM15.5 8.5a5 5 0 0 1 0 7l1.4 1.4a7 7 0 0 0 0-9.8z",
    mute: "M3 9v6h4l6 5V4L7 9zM21.5 9.4l-1.4-1.4-2.3 2.3L15.5 8l-1.4 1.4 2.3 2.3-2.3 2.3 1.4 1.4 2.3-2.3 2.3 2.3 1.4-1.4-2.3-2.3z",
    link: "M10 13a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.7-5.7l-1.4 1.4 1.4 1.4 1.4-1.4a2 2 0 0 1 2.9 2.9l-3 3a2 2 0 0 1-3-.2zM14 11a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.7 5.7l1.4-1.4-1.4-1.4-1.4 1.4a2 2 0 0 1-2.9-2.9l3-3a2 2 0 0 1 3 .2z",
    download: "M11 4h2v8l3-3 1.4 1.4L12 15.8l-5.4-5.4L8 9l3 3zM4 18h16v2H4z",
    plus: "M11 5h2v6h6v2h-6v6h-2v-6H5v-2h6z",
    minus: "M5 11h14v2H5z",
} as const;

export function Icon({ of }: { of: keyof typeof PATHS }) {
    return (
        <svg class="icon" viewBox="0 0 24 24" width="20" height="20" aria-hidden="true">
            <path d={PATHS[of]} fill="currentColor" />
        </svg>
    );
}
