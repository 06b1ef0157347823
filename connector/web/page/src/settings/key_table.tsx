import { dayOf, momentOf } from "../format";
import { Button } from "../parts/button";
import { words as frame } from "../words/frame";
import { words } from "../words/settings";
import type { Key } from "./keys";

interface Props {
    keys: readonly Key[];
    ownId: string;
    /** null: not now. */
    act: ((what: "renew" | "revoke", key: Key) => void) | null;
}

export function KeyTable({ keys, ownId, act }: Props) {
    const { columns } = words.keys;
    return (
        <table>
            <thead>
                <tr>
                    {Object.entries(columns).map(([name, said]) => (
                        <th key={name} scope="col">
                            {said}
                        </th>
                    ))}
                </tr>
            </thead>
            <tbody>
                {keys.map((key) => (
                    <tr key={key.id} class={key.state === "good" ? "" : "ended"}>
                        <th scope="row">
                            <KeyName of={key} isOwn={key.id === ownId} />
                        </th>
                        <td data-label={columns.roles}>{key.roles.map((role) => frame.roles[role]).join(", ")}</td>
                        <td data-label={columns.whose}>
                            <bdi>{key.organisation ?? words.keys.wholeHouse}</bdi>
                        </td>
                        <td data-label={columns.limits}>
                            <bdi>{limitsText(key)}</bdi>
                        </td>
                        <td data-label={columns.used}>{key.used_at ? momentOf(key.used_at) : words.keys.never}</td>
                        <td data-label={columns.ends}>{endText(key)}</td>
                        <td data-label={columns.acts}>{key.state === "good" && act && <Acts of={key} act={act} />}</td>
                    </tr>
                ))}
            </tbody>
        </table>
    );
}

function KeyName({ of, isOwn }: { of: Key; isOwn: boolean }) {
    const marks = [of.signing ? words.keys.signing : "", isOwn ? words.keys.yours : ""].filter(Boolean);
    return (
        <span title={words.keys.madeBy(of.created_by, momentOf(of.created_at))}>
            <bdi class="name">{of.name}</bdi>
            <code>{of.id}</code>
            {marks.length > 0 && <span class="help">{marks.join(", ")}</span>}
        </span>
    );
}

function Acts({ of, act }: { of: Key; act: NonNullable<Props["act"]> }) {
    return (
        <span class="acts">
            <Button onClick={() => act("renew", of)} aria-label={words.keys.rotateOf(of.name)}>
                {words.keys.rotate}
            </Button>
            <Button kind="danger" onClick={() => act("revoke", of)} aria-label={words.keys.revokeOf(of.name)}>
                {words.keys.revoke}
            </Button>
        </span>
    );
}

function limitsText({ limits }: Key): string {
    const said = (["tags", "agents", "numbers"] as const)
        .filter((name) => limits[name].length > 0)
        .map((name) => `${words.keys.limits[name]} ${limits[name].join(", ")}`);
    return said.join("; ") || words.keys.all;
}

function endText(key: Key): string {
    if (key.state === "revoked") return `${words.keys.states.revoked} ${key.revoked_at ? dayOf(key.revoked_at) : ""}`;
    const end = key.expires_at ? momentOf(key.expires_at) : words.keys.noEnd;
    return key.state === "expired" ? `${words.keys.states.expired} ${end}` : end;
}
