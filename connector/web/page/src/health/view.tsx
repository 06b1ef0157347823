import { turn, useAddress } from "../address";
import { Trouble } from "../parts/trouble";
import { isOfTheHouse, may, useSession } from "../session/session";
import { FirstRun } from "../settings/first_run";
import { words as frame } from "../words/frame";
import { words } from "../words/health";
import { Counts } from "./counts";
import { Destinations } from "./destinations";
import { Disks } from "./disks";
import { Figures } from "./figures";
import { type Health, healthNow } from "./health";
import { Letters } from "./letters";
import { useLooking } from "./looking";
import { Notifications } from "./notifications";
import { Pbxs } from "./pbxs";
import { Queues } from "./queues";
import { Verdict } from "./verdict";
import "./health.css";

/** How the house is: first whether anybody has to do anything, then each part of it, then how it was. */
export function HealthView() {
    const session = useSession();
    const limits = session?.limits;
    const isLimited =
        limits !== undefined && [limits.tags, limits.agents, limits.numbers].some((one) => one.length > 0);
    if (isLimited) {
        return (
            <div class="health">
                <h1>{words.title}</h1>
                <p>{words.limited}</p>
            </div>
        );
    }
    return <WholeHealth />;
}

function WholeHealth() {
    const { query } = useAddress();
    const [looked, again] = useLooking(healthNow, []);
    if (!looked.value) {
        return (
            <div class="health">
                <h1>{words.title}</h1>
                {looked.error === undefined ? (
                    <p class="loading">{frame.loading}</p>
                ) : (
                    <Trouble error={looked.error} again={again} />
                )}
            </div>
        );
    }
    return (
        <div class="health">
            <Verdict looked={looked} health={looked.value} again={again} />
            {looked.value.pbxs.length === 0 && isOfTheHouse() && <FirstRun />}
            <Parts health={looked.value} query={query} />
            <Figures query={query} />
            {query.get("dead") !== null && may("admin") && <Letters onClose={() => turn({ dead: null })} />}
        </div>
    );
}

function Parts({ health, query }: { health: Health; query: URLSearchParams }) {
    return (
        <div class="cards">
            {health.pbxs.length > 0 && <Pbxs pbxs={health.pbxs} />}
            <Destinations destinations={health.destinations} />
            <Queues queues={health.queues} />
            {health.disk.length > 0 && <Disks disks={health.disk} />}
            <Notifications notifications={health.notifications} query={query} />
            <Counts title={words.counts.recordings} counts={health.recordings} isOfCalls />
            <Counts title={words.counts.transcripts} counts={health.transcripts} />
        </div>
    );
}
