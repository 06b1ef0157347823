/** Whose colour is which, and colours for what is no CSS. */

import type { Speaker } from "./sound";

/** The caller's and the agent's, on whichever channel they are. */
export function colourOf(speaker: Pick<Speaker, "role"> | undefined): "--left" | "--right" {
    return speaker?.role === "agent" ? "--right" : "--left";
}

/** As a canvas understands it: light-dark() becomes one colour only where it is applied. */
export function painted(element: HTMLElement, name: string): string {
    element.style.color = `var(${name})`;
    const colour = getComputedStyle(element).color;
    element.style.color = "";
    return colour;
}

/** By choice on the page, or by the system. */
export function whenColoursChange(react: () => void): () => void {
    const chosen = new MutationObserver(react);
    chosen.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    const system = matchMedia("(prefers-color-scheme: dark)");
    system.addEventListener("change", react);
    return () => {
        chosen.disconnect();
        system.removeEventListener("change", react);
    };
}
