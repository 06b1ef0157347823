/** Lengths of time as people write them: a number and a unit. */

import { words } from "../words/settings";

export const UNITS = { minutes: 60, hours: 3600, days: 86_400 } as const;
export type Unit = keyof typeof UNITS;

/** In the largest unit that leaves nothing over; what is no whole number of minutes keeps its fraction. */
export function unitsOf(seconds: number): { count: number; unit: Unit } {
    const unit = (["days", "hours"] as const).find((one) => seconds % UNITS[one] === 0) ?? "minutes";
    return { count: seconds / UNITS[unit], unit };
}

export function durationText(seconds: number): string {
    const { count, unit } = unitsOf(seconds);
    return Number.isInteger(count) ? `${count} ${words.units[unit]}` : words.seconds(seconds);
}
