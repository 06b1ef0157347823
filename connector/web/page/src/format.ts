/** Numbers and moments as people read them, in the zone and the language of the browser. */

/** The month by its name: which of two numbers it is differs from country to country. */
const day = new Intl.DateTimeFormat(undefined, { year: "numeric", month: "short", day: "numeric" });
const time = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const shortDay = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });
const shortTime = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const whole = new Intl.NumberFormat();

export const dayOf = (moment: string): string => day.format(new Date(moment));
export const timeOf = (moment: string): string => time.format(new Date(moment));
/** Where there is little room: without a year that is this one, and without the seconds. */
export const shortDayOf = (moment: string): string => (isThisYear(moment) ? shortDay : day).format(new Date(moment));
export const shortTimeOf = (moment: string): string => shortTime.format(new Date(moment));
export const momentOf = (moment: string): string => `${dayOf(moment)} ${timeOf(moment)}`;
/** Of what began at `begin`: the day is said again when it is another one. */
export const laterOf = (moment: string, begin: string): string =>
    dayOf(moment) === dayOf(begin) ? timeOf(moment) : momentOf(moment);
export const numberOf = (count: number): string => whole.format(count);

function isThisYear(moment: string): boolean {
    return new Date(moment).getFullYear() === new Date().getFullYear();
}

/** 0:07, 12:34, 1:02:03 */
export function clockOf(seconds: number): string {
    const all = Math.max(0, Math.floor(seconds));
    const [hours, minutes, rest] = [Math.floor(all / 3600), Math.floor(all / 60) % 60, all % 60];
    const two = (part: number): string => String(part).padStart(2, "0");
    return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

export function bytesOf(count: number): string {
    const units = ["B", "kB", "MB", "GB", "TB"];
    const step = count < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(count) / 3));
    return `${new Intl.NumberFormat(undefined, { maximumFractionDigits: step ? 1 : 0 }).format(count / 1000 ** step)} ${units[step]}`;
}
