/** What is sorted, found by halving: there may be thousands of it, and it is asked for with every picture. Pure. */

/** The last of those for which it holds, where it holds for the first ones and then no more; -1: for none. */
export function lastBefore(count: number, holds: (place: number) => boolean): number {
    let [low, high] = [0, count];
    while (low < high) {
        const middle = (low + high) >> 1;
        if (holds(middle)) low = middle + 1;
        else high = middle;
    }
    return low - 1;
}
