/** The row that the keys are at: a call, wherever it stands meanwhile. */

import { useCallback, useState } from "preact/hooks";
import type { Row } from "./row";

export interface Active {
    readonly index: number;
    readonly row: Row | undefined;
    readonly become: (index: number) => void;
}

export function useActive(rows: readonly Row[]): Active {
    const [place, setPlace] = useState<{ id: string | undefined; index: number }>({ id: undefined, index: 0 });
    const index = found(rows, place.id, place.index);
    const become = useCallback(
        (wanted: number) => {
            const next = Math.max(0, Math.min(wanted, rows.length - 1));
            setPlace({ id: rows[next]?.id, index: next });
        },
        [rows],
    );
    return { index, row: rows[index], become };
}

function found(rows: readonly Row[], id: string | undefined, index: number): number {
    if (id === undefined || rows[index]?.id === id) return index;
    const now = rows.findIndex((row) => row.id === id);
    return now >= 0 ? now : Math.max(0, Math.min(index, rows.length - 1));
}
