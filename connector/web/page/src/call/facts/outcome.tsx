import { type Act, refusalText } from "./act";
import "./forms.css";

/** Said aloud when it changes: what came of the last act, or why it was refused. */
export function Outcome({ act }: { act: Act }) {
    return (
        <>
            <p class="outcome" role="status">
                {act.outcome && <bdi>{act.outcome}</bdi>}
            </p>
            {act.refusal !== null && (
                <p class="refusal" role="alert">
                    <bdi>{refusalText(act.refusal)}</bdi>
                </p>
            )}
        </>
    );
}
