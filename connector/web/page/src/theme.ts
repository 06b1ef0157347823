/** Light, dark, or what the system says; the choice is this browser's own. */

export const THEMES = ["system", "dark", "light"] as const;
export type Theme = (typeof THEMES)[number];

const NAME = "callreel-theme";

export function chosenTheme(): Theme {
    return THEMES.find((one) => one === localStorage.getItem(NAME)) ?? "system";
}

export function choose(theme: Theme): void {
    localStorage.setItem(NAME, theme);
    show();
}

export function show(): void {
    const theme = chosenTheme();
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
}
