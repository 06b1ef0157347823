import { api, type Recording, told } from "../../api/client";
import { Button } from "../../parts/button";
import { words } from "../../words/call_facts";
import { useAct } from "./act";
import { Outcome } from "./outcome";

type Props = { recording: Recording; reload?: (() => void) | undefined; label: string };

/** For administrators: from the stage that failed on. */
export function RetryButton({ recording, reload, label }: Props) {
    const act = useAct();
    const path = { recording_id: recording.id };

    async function retry(): Promise<string> {
        await told(api.POST("/v1/recordings/{recording_id}/retry", { params: { path } }));
        reload?.();
        return words.why.retried;
    }

    return (
        <div class="facts-retry">
            <Button isBusy={act.isBusy} onClick={() => void act.run(retry)}>
                {label}
            </Button>
            <Outcome act={act} />
        </div>
    );
}
