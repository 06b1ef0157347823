/** A transcript's lines and words as they stand in the page, by their places: asked for with every picture, so they are
 * looked up once. */

export type List = { readonly current: HTMLElement | null };

const known = new WeakMap<HTMLElement, HTMLElement[]>();

export function wordElement(list: HTMLElement, index: number): HTMLElement | undefined {
    if (index < 0) return undefined;
    let found = known.get(list);
    // More of them may have been drawn meanwhile.
    if (!found?.[index]?.isConnected) {
        found = [...list.querySelectorAll<HTMLElement>("span[data-word]")];
        known.set(list, found);
    }
    return found[index];
}

export function wordElements(list: HTMLElement, first: number, last: number): HTMLElement[] {
    const indices = Array.from({ length: last - first + 1 }, (_, place) => first + place);
    return indices.flatMap((index) => wordElement(list, index) ?? []);
}

export function lineElement(list: HTMLElement, line: number): HTMLElement | undefined {
    const found = list.children[line];
    return found instanceof HTMLElement ? found : undefined;
}

/** The list alone is scrolled, never the page around it. */
export function bringInSight(list: HTMLElement, line: HTMLElement | undefined): void {
    if (!line) return;
    const [box, own] = [list.getBoundingClientRect(), line.getBoundingClientRect()];
    const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const by = own.top - box.top - (box.height - own.height) / 2;
    // From afar it would only flicker past.
    const isNear = Math.abs(by) < 2 * box.height;
    list.scrollBy({ top: by, behavior: isCalm || !isNear ? "instant" : "smooth" });
}
