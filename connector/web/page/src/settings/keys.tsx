import { useState } from "preact/hooks";
import type { Bodies } from "../api/client";
import { Button } from "../parts/button";
import { Trouble } from "../parts/trouble";
import type { Session } from "../session/session";
import { words } from "../words/settings";
import { Renewing, Revoking } from "./key_acts";
import { KeyForm } from "./key_form";
import { useKeys } from "./key_list";
import { KeyTable } from "./key_table";
import { NewKey } from "./new_key";

export type Key = Bodies["KeyView"];
export type MadeKey = Bodies["KeyMade"];

/** What is being done: to one key, or to make one. */
type Doing = { what: "make" } | { what: "renew" | "revoke"; key: Key } | null;

/** Keys of the API: listed, made, renewed, revoked. */
export function Keys({ session }: { session: Session }) {
    const keys = useKeys();
    const [doing, setDoing] = useState<Doing>(null);
    const [made, setMade] = useState<MadeKey | null>(null);
    const [showsEnded, setShowsEnded] = useState(false);

    function done(key: MadeKey | null): void {
        setDoing(null);
        if (key) setMade(key);
        keys.again();
    }

    const shown = keys.all.filter((key) => showsEnded || key.state === "good");
    const close = (): void => setDoing(null);
    return (
        <div class="rows keys">
            {made && <NewKey made={made} onDone={() => setMade(null)} />}
            <div class="acts">
                <Button kind="primary" onClick={() => setDoing({ what: "make" })} disabled={made !== null}>
                    {words.keys.make}
                </Button>
                <label>
                    <input
                        type="checkbox"
                        checked={showsEnded}
                        onChange={(event) => setShowsEnded(event.currentTarget.checked)}
                    />{" "}
                    {words.keys.ended}
                </label>
            </div>
            {keys.error !== undefined && <Trouble error={keys.error} again={keys.again} />}
            {shown.length > 0 && (
                <KeyTable
                    keys={shown}
                    ownId={session.key_id}
                    act={made ? null : (what, key) => setDoing({ what, key })}
                />
            )}
            {keys.isThere && shown.length === 0 && <p>{words.keys.nothing}</p>}
            {keys.hasMore && (
                <Button onClick={keys.more} isBusy={keys.isUnderWay}>
                    {words.keys.more}
                </Button>
            )}
            {doing?.what === "make" && <KeyForm session={session} onMade={done} onClose={close} />}
            {doing?.what === "renew" && <Renewing of={doing.key} onMade={done} onClose={close} />}
            {doing?.what === "revoke" && (
                <Revoking
                    of={doing.key}
                    isOwn={doing.key.id === session.key_id}
                    onDone={() => done(null)}
                    onClose={close}
                />
            )}
        </div>
    );
}
