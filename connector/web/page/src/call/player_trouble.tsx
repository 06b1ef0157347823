/** Why the sound cannot be played: the browser knows a number, the server the reason. */

import { useEffect, useState } from "preact/hooks";
import { Problem, problemOf } from "../api/client";
import { Button } from "../parts/button";
import { words } from "../words/call";
import { words as common } from "../words/frame";
import type { Playing } from "./playing";
import type { Sound } from "./sound";

export function PlayerTrouble({ playing, sound, code }: { playing: Playing; sound: Sound; code: number }) {
    const [reason, setReason] = useState("");
    useEffect(() => {
        const leaving = new AbortController();
        reasonOf(sound.address, leaving.signal).then(setReason, () => setReason(""));
        return () => leaving.abort();
    }, [sound.address, code]);
    return (
        <div class="trouble" role="alert">
            <p>
                {words.broken} <bdi>{reason || saidBy(code)}</bdi>
            </p>
            <Button onClick={() => playing.retry()}>{common.again}</Button>
        </div>
    );
}

function saidBy(code: number): string {
    if (code === MediaError.MEDIA_ERR_NETWORK) return words.brokenBy.network;
    return code === MediaError.MEDIA_ERR_DECODE ? words.brokenBy.decode : words.brokenBy.source;
}

/** Empty when the server would give it. */
async function reasonOf(address: string, signal: AbortSignal): Promise<string> {
    const answer = await fetch(address, { headers: { range: "bytes=0-0" }, signal });
    if (answer.ok) {
        await answer.body?.cancel();
        return "";
    }
    const problem = problemOf(answer, await answer.json().catch(() => null));
    return problem instanceof Problem ? problem.detail : "";
}
