import { clockOf, numberOf } from "../format";
import { words } from "../words/health";
import { nameOf } from "./scale";
import type { Statistics } from "./statistics";

const { columns } = words.figures;

/** The same numbers, and those that have no plot, for who reads them better so. The newest first. */
export function FiguresTable({ statistics: { bucket, buckets } }: { statistics: Statistics }) {
    const names = [
        columns.calls,
        columns.answered,
        columns.recorded,
        columns.failed,
        columns.not_recorded,
        columns.talked,
    ];
    return (
        <table class="numbers">
            <thead>
                <tr>
                    <th scope="col">{columns.at}</th>
                    {names.map((name) => (
                        <th key={name} scope="col" class="number">
                            {name}
                        </th>
                    ))}
                </tr>
            </thead>
            <tbody>
                {buckets.toReversed().map((one) => (
                    <tr key={one.at}>
                        <th scope="row">{nameOf(one.at, bucket)}</th>
                        <td class="number">{numberOf(one.calls)}</td>
                        <td class="number">{numberOf(one.answered)}</td>
                        <td class="number">{numberOf(one.recorded)}</td>
                        <td class="number">{numberOf(one.failed)}</td>
                        <td class="number">{numberOf(one.not_recorded)}</td>
                        <td class="number">{clockOf(one.talked_seconds)}</td>
                    </tr>
                ))}
            </tbody>
        </table>
    );
}
