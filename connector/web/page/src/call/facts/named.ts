/** The word of a state; a newer server may know states that this page does not: those are shown as they are. */
export function named(names: Readonly<Record<string, string>>, one: string): string {
    return Object.hasOwn(names, one) ? (names[one] ?? one) : one;
}
