/** What somebody is writing into a field, before it counts: nothing that happens meanwhile takes it away. */

import { useLayoutEffect, useState } from "preact/hooks";

/** `said`: what counts now. When another hand changes it, it stands in the field again. */
export function useTyped(said: string): [string, (typed: string) => void] {
    const [typed, setTyped] = useState(said);
    useLayoutEffect(() => setTyped(said), [said]);
    return [typed, setTyped];
}
