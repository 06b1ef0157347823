import { momentOf } from "../format";
import { Button } from "../parts/button";
import { words } from "../words/settings";
import type { Source } from "./house";

/** Where a value comes from, what else has a say in it, and the way back for what was set here. */
export function Origin(props: { source: Source | undefined; name?: string; isBusy?: boolean; takeBack?: () => void }) {
    const { source, name, isBusy = false, takeBack } = props;
    if (!source) return null;
    const details = source.detail ? source.detail.split("; ") : [];
    return (
        <div class={`origin origin-${source.source}`}>
            <span>
                <span class="unseen">{words.comesFrom} </span>
                <bdi>{originText(source)}</bdi>
            </span>
            {takeBack && (
                <Button isBusy={isBusy} onClick={takeBack} aria-label={words.takeBackOf(name ?? "")}>
                    {words.takeBack}
                </Button>
            )}
            {details.length > 0 && (
                <ul>
                    {details.map((detail) => (
                        <li key={detail}>
                            <bdi>{detail}</bdi>
                        </li>
                    ))}
                </ul>
            )}
        </div>
    );
}

function originText(one: Source): string {
    const { file, line } = one;
    switch (one.source) {
        case "default":
            return words.source.default;
        case "file":
            return file && line ? words.source.file(file, line) : words.source.fileAlone;
        case "rule":
            return file && line ? words.source.rule(file, line) : words.source.ruleAlone;
        case "api":
            return words.source.api(one.changed_by ?? "", one.changed_at ? momentOf(one.changed_at) : "");
    }
}
