import { numberOf } from "../format";
import { words } from "../words/health";
import { Ago } from "./ago";
import { Card } from "./card";
import type { Health } from "./health";

const { queues: said } = words;

export function Queues({ queues }: { queues: Health["queues"] }) {
    return (
        <Card title={said.title}>
            {queues.length === 0 ? (
                <p class="help">{said.none}</p>
            ) : (
                <table>
                    <thead>
                        <tr>
                            <th scope="col">{said.columns.kind}</th>
                            <th scope="col" class="number">
                                {said.columns.waiting}
                            </th>
                            <th scope="col">{said.columns.oldest}</th>
                        </tr>
                    </thead>
                    <tbody>
                        {queues.map((one) => (
                            <tr key={one.kind}>
                                <th scope="row">{said.kinds[one.kind] ?? one.kind}</th>
                                <td class="number">{numberOf(one.waiting)}</td>
                                <td>
                                    <Ago at={one.oldest_at} />
                                </td>
                            </tr>
                        ))}
                    </tbody>
                </table>
            )}
        </Card>
    );
}
