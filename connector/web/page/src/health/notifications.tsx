import { href } from "../address";
import { Link } from "../parts/link";
import { may } from "../session/session";
import { words } from "../words/health";
import { Card, Sign } from "./card";
import type { Health } from "./health";

const { notifications: said } = words;

interface Props {
    notifications: Health["notifications"];
    /** The rest of the address, which the link keeps. */
    query: URLSearchParams;
}

export function Notifications({ notifications: { waiting, dead }, query }: Props) {
    const letters = new URLSearchParams([...query, ["dead", "1"]]);
    return (
        <Card title={said.title}>
            {waiting === null || dead === null ? (
                <Sign kind="quiet">{words.unknown}</Sign>
            ) : (
                <div class="signs">
                    <Sign kind="quiet">{said.waiting(waiting)}</Sign>
                    {dead > 0 ? <Sign kind="bad">{said.dead(dead)}</Sign> : <Sign kind="good">{said.noDead}</Sign>}
                </div>
            )}
            {Boolean(dead) && may("admin") && (
                <p>
                    <Link href={href("health", letters)}>{said.show}</Link>
                </p>
            )}
        </Card>
    );
}
