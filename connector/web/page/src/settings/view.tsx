import type { ComponentType } from "preact";
import { href, turn, useAddress } from "../address";
import { Link } from "../parts/link";
import { Trouble } from "../parts/trouble";
import { may, type Session, useSession } from "../session/session";
import { words as frame } from "../words/frame";
import { words } from "../words/settings";
import { Agents } from "./agents";
import { FirstRun } from "./first_run";
import { type Held, isLimited, switchable, useHeld } from "./house";
import { Keys } from "./keys";
import { Recording } from "./recording";
import { Retention } from "./retention";
import { Storage } from "./storage";
import "./settings.css";
import "./lists.css";

type Part = keyof typeof words.parts;
const OF_SETTINGS = { recording: Recording, storage: Storage, retention: Retention } as const;

/** What holds, part by part; the part and whose it is stand in the address. */
export function SettingsView() {
    const session = useSession();
    const { query } = useAddress();
    if (!session) return null;
    const parts = partsOf(session);
    const part = parts.find((one) => one === query.get("part")) ?? "recording";
    const organisation = organisationOf(session, query.get("organisation"));
    return (
        <div class="settings">
            <header>
                <h1>{words.title}</h1>
                {isChoosable(session) && part !== "keys" && part !== "pbx" && (
                    <OrganisationChoice of={session} chosen={organisation} />
                )}
            </header>
            <nav aria-label={words.partsName}>
                {parts.map((one) => (
                    <Link
                        key={one}
                        href={href("settings", addressed(query, one))}
                        aria-current={one === part ? "page" : undefined}
                    >
                        {words.parts[one]}
                    </Link>
                ))}
            </nav>
            <section class="part" aria-label={words.parts[part]}>
                <Shown key={`${part} ${organisation}`} part={part} session={session} organisation={organisation} />
            </section>
        </div>
    );
}

function Shown({ part, session, organisation }: { part: Part; session: Session; organisation: string | null }) {
    switch (part) {
        case "agents":
            return <Agents organisation={organisation} switchable={switchable(session)} />;
        case "keys":
            return <Keys session={session} />;
        case "pbx":
            return <FirstRun />;
        default:
            return <OfSettings of={OF_SETTINGS[part]} session={session} organisation={organisation} />;
    }
}

interface OfSettingsProps {
    of: ComponentType<{ held: Held }>;
    session: Session;
    organisation: string | null;
}

function OfSettings({ of: PartOfIt, session, organisation }: OfSettingsProps) {
    const { held, error, again } = useHeld(organisation, may("admin") && !isLimited(session));
    if (!held) return error ? <Trouble error={error} again={again} /> : <p class="loading">{frame.loading}</p>;
    return (
        <>
            {!held.mayChange && <p class="help">{may("admin") ? words.limitedKey : words.readOnly}</p>}
            <PartOfIt held={held} />
        </>
    );
}

function OrganisationChoice({ of, chosen }: { of: Session; chosen: string | null }) {
    return (
        <label>
            {words.organisation}{" "}
            <select
                value={chosen ?? ""}
                onChange={(event) => {
                    const wanted = event.currentTarget.value;
                    // Until somebody has said that he leaves what is not saved, it is still the other's.
                    event.currentTarget.value = chosen ?? "";
                    turn({ organisation: wanted });
                }}
            >
                {of.organisations.map((one) => (
                    <option key={one} value={one}>
                        {one}
                    </option>
                ))}
            </select>
        </label>
    );
}

/** What a key may not do is not shown. */
function partsOf(session: Session): Part[] {
    const all = Object.keys(words.parts) as Part[];
    const isHouse = session.organisation === null;
    return all.filter((one) => (one === "keys" ? may("admin") : one === "pbx" ? may("admin") && isHouse : true));
}

function isChoosable(session: Session): boolean {
    return session.organisation === null && session.organisations.length > 1;
}

/** null: the one that the key is of, or the only one that there is. */
function organisationOf(session: Session, asked: string | null): string | null {
    if (!isChoosable(session)) return null;
    return session.organisations.find((one) => one === asked) ?? session.organisations[0] ?? null;
}

function addressed(query: URLSearchParams, part: Part): URLSearchParams {
    const next = new URLSearchParams(query);
    next.set("part", part);
    return next;
}
