/** Light, dark, or what the system says; the choice is this browser's own. */

export const THEMES = ["system", "dark", "light"] as const;
export type Theme = (typeof THEMES)[number];

const NAME = "callreel-theme";
let chosen = remembered();

export function chosenTheme(): Theme {
    return chosen;
}

export function choose(theme: Theme): void {
    chosen = theme;
    try {
        localStorage.setItem(NAME, theme);
    } catch {
        // A browser that may keep nothing: it holds as long as the page is open.
    }
    show();
}

export function show(): void {
    if (chosen === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = chosen;
}

function remembered(): Theme {
    try {
        return THEMES.find((one) => one === localStorage.getItem(NAME)) ?? "system";
    } catch {
        return "system";
    }
}
