/** What stands where no call is listed, and why. */

import { turn } from "../address";
import { api, told } from "../api/client";
import { useAsked } from "../parts/asked";
import { Button } from "../parts/button";
import { isOfTheHouse } from "../session/session";
import { FirstRun } from "../settings/first_run";
import { words } from "../words/calls";
import { type Filters, isAny, NONE } from "./filters";
import type { Listing } from "./listing";
import { saidOf } from "./said";

export function Empty({ listing }: { listing: Listing }) {
    if (listing.isAwaited) return listing.trouble ? null : <Skeleton />;
    if (isAny(listing.filters)) return <NothingFits filters={listing.filters} />;
    return isOfTheHouse() ? <FirstOfTheHouse /> : <FirstCall />;
}

/** Shown after a moment only: most answers are there before. */
function Skeleton() {
    return (
        <p class="skeleton" role="status">
            <span class="unseen">{words.searching}</span>
        </p>
    );
}

function NothingFits({ filters }: { filters: Filters }) {
    return (
        <div class="empty" role="status">
            <p>{words.nothingFits}</p>
            <ul>
                {saidOf(filters).map(({ name, label, value }) => (
                    <li key={name}>
                        {label}: <bdi>{value}</bdi>
                    </li>
                ))}
            </ul>
            <Button kind="primary" onClick={() => turn(NONE)}>
                {words.clear}
            </Button>
        </div>
    );
}

/** No PBX yet, or no call yet. */
function FirstOfTheHouse() {
    const health = useAsked((signal) => told(api.GET("/v1/health", { signal })), []);
    if (health.value?.pbxs.length !== 0) return <FirstCall />;
    return (
        <div class="first">
            <FirstRun />
        </div>
    );
}

function FirstCall() {
    return (
        <div class="empty" role="status">
            <p>{words.noCalls}</p>
            <p class="help">{words.noCallsHelp}</p>
        </div>
    );
}
