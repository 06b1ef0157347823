import { useEffect } from "preact/hooks";
import { useAddress } from "./address";
import { CallsView } from "./calls/view";
import { Frame } from "./frame";
import { HealthView } from "./health/view";
import { LiveView } from "./live/view";
import { useAsked } from "./parts/asked";
import { Trouble } from "./parts/trouble";
import { resume, useSession } from "./session/session";
import { SignIn } from "./session/sign_in";
import { SettingsView } from "./settings/view";
import { words } from "./words/frame";

const SHOWN = { calls: CallsView, live: LiveView, health: HealthView, settings: SettingsView } as const;

export function App() {
    const session = useSession();
    const { view } = useAddress();
    const resumed = useAsked(resume, []);
    useEffect(() => {
        document.title = session ? `${words.views[view]} – ${words.product}` : words.product;
    }, [view, session]);

    if (session) {
        const Shown = SHOWN[view];
        return (
            <Frame session={session} view={view}>
                <Shown key={session.key_id} />
            </Frame>
        );
    }
    if (resumed.isUnderWay) return <p class="loading">{words.loading}</p>;
    if (resumed.error) return <Trouble error={resumed.error} again={resumed.again} />;
    return <SignIn />;
}
