/** Numbers and moments as people read them, in the zone and the language of the browser. */

const day = new Intl.DateTimeFormat(undefined, { year: "numeric", month: "2-digit", day: "2-digit" });
const time = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const shortDay = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });
const shortTime = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const whole = new Intl.NumberFormat();

export const dayOf = (moment: string): string => day.format(new Date(moment));
export const timeOf = (moment: string): string => time.format(new Date(moment));
/** Where there is no room for the year and the seconds. */
export const shortDayOf = (moment: string): string => shortDay.format(new Date(moment));
export const shortTimeOf = (moment: string): string => shortTime.format(new Date(moment));
export const momentOf = (moment: string): string => `${dayOf(moment)} ${timeOf(moment)}`;
export const numberOf = (count: number): string => whole.format(count);

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
