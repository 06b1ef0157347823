/** Which sections of the panel are open, in this browser. One that forbids us to remember begins anew each time. */

const NAME = "callreel-call-sections";

/** undefined: nobody has opened or closed it yet. */
export function isOpened(section: string): boolean | undefined {
    const known = remembered()[section];
    return typeof known === "boolean" ? known : undefined;
}

export function rememberOpened(section: string, isOpen: boolean): void {
    try {
        localStorage.setItem(NAME, JSON.stringify({ ...remembered(), [section]: isOpen }));
    } catch {
        // It is full, or closed to us.
    }
}

function remembered(): Record<string, unknown> {
    try {
        const said: unknown = JSON.parse(localStorage.getItem(NAME) ?? "{}");
        return typeof said === "object" && said !== null ? { ...said } : {};
    } catch {
        return {};
    }
}
