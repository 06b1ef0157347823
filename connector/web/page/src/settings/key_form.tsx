import { useId, useState } from "preact/hooks";
import { api, told } from "../api/client";
import { Button } from "../parts/button";
import { Dialog } from "../parts/dialog";
import { Trouble } from "../parts/trouble";
import type { Role, Session } from "../session/session";
import { words as frame } from "../words/frame";
import { words } from "../words/settings";
import { wrongOf } from "./draft";
import { useAct } from "./key_acts";
import { emptyWish, type KeyWish, LIMITS, wantedOf } from "./key_wish";
import type { MadeKey } from "./keys";

const ROLES = Object.keys(words.keys.roleHelp) as Role[];
type Say = (change: Partial<KeyWish>) => void;

/** A new key: what for, whose, and how much of it. */
export function KeyForm(props: { session: Session; onMade: (made: MadeKey) => void; onClose: () => void }) {
    const { session, onMade, onClose } = props;
    const { isBusy, error, run } = useAct();
    const [wish, setWish] = useState<KeyWish>(emptyWish);
    const say: Say = (change) => setWish((before) => ({ ...before, ...change }));
    const wrong = ["name", "organisation", "roles", "limits", "expires_at"]
        .map((name) => wrongOf(error, name))
        .join(" ");
    return (
        <Dialog title={words.keys.make} onClose={onClose}>
            <form
                class="key-form"
                onSubmit={(event) => {
                    event.preventDefault();
                    void run(async () =>
                        onMade(await told(api.POST("/v1/keys", { body: wantedOf(wish, new Date()) }))),
                    );
                }}
            >
                <label class="field">
                    {words.keys.name}
                    <input
                        value={wish.name}
                        maxLength={200}
                        required
                        placeholder={words.keys.nameHelp}
                        aria-invalid={wrongOf(error, "name") !== ""}
                        onInput={(event) => say({ name: event.currentTarget.value })}
                    />
                </label>
                {session.organisation === null && <Whose session={session} wish={wish} say={say} />}
                <RoleChoice has={session.roles} wish={wish} say={say} />
                <LimitFields wish={wish} say={say} />
                <Expiry wish={wish} say={say} />
                <label>
                    <input
                        type="checkbox"
                        checked={wish.isSigning}
                        onChange={(event) => say({ isSigning: event.currentTarget.checked })}
                    />{" "}
                    {words.keys.isSigning}
                </label>
                {wrong.trim() ? <p class="wrong">{wrong}</p> : error !== null && <Trouble error={error} />}
                <div class="acts">
                    <Button kind="primary" type="submit" isBusy={isBusy} disabled={wish.roles.length === 0}>
                        {words.keys.makeNow}
                    </Button>
                    <Button onClick={onClose}>{frame.cancel}</Button>
                </div>
            </form>
        </Dialog>
    );
}

function Whose({ session, wish, say }: { session: Session; wish: KeyWish; say: Say }) {
    return (
        <label class="field">
            {words.keys.organisation}
            <select value={wish.organisation} onChange={(event) => say({ organisation: event.currentTarget.value })}>
                <option value="">{words.keys.wholeHouse}</option>
                {session.organisations.map((one) => (
                    <option key={one} value={one}>
                        {one}
                    </option>
                ))}
            </select>
        </label>
    );
}

/** Nobody gives away more than he has. */
function RoleChoice({ has, wish, say }: { has: readonly Role[]; wish: KeyWish; say: Say }) {
    const offered = has.includes("admin") ? ROLES : ROLES.filter((role) => has.includes(role));
    return (
        <fieldset>
            <legend>{words.keys.roles}</legend>
            {offered.map((role) => (
                <label key={role}>
                    <input
                        type="checkbox"
                        checked={wish.roles.includes(role)}
                        onChange={(event) => {
                            const others = wish.roles.filter((one) => one !== role);
                            say({ roles: event.currentTarget.checked ? [...others, role] : others });
                        }}
                    />{" "}
                    {frame.roles[role]} <span class="help">{words.keys.roleHelp[role]}</span>
                </label>
            ))}
        </fieldset>
    );
}

function LimitFields({ wish, say }: { wish: KeyWish; say: Say }) {
    const id = useId();
    return (
        <fieldset>
            <legend>{words.keys.limitsTitle}</legend>
            {LIMITS.map((name) => (
                <div key={name} class="field">
                    <label for={`${id}-${name}`}>{words.keys.limits[name]}</label>
                    <input
                        id={`${id}-${name}`}
                        value={wish[name]}
                        placeholder={words.keys.limitHelp[name]}
                        onInput={(event) => say({ [name]: event.currentTarget.value })}
                    />
                </div>
            ))}
        </fieldset>
    );
}

function Expiry({ wish, say }: { wish: KeyWish; say: Say }) {
    return (
        <div class="expiry">
            <label class="field">
                {words.keys.expires}
                <select
                    value={wish.expires}
                    onChange={(event) => say({ expires: event.currentTarget.value as KeyWish["expires"] })}
                >
                    {Object.entries(words.keys.expiries).map(([one, said]) => (
                        <option key={one} value={one}>
                            {said}
                        </option>
                    ))}
                </select>
            </label>
            {wish.expires === "date" && (
                <label class="field">
                    {words.keys.expiresOn}
                    <input
                        type="date"
                        required
                        value={wish.day}
                        onInput={(event) => say({ day: event.currentTarget.value })}
                    />
                </label>
            )}
        </div>
    );
}
