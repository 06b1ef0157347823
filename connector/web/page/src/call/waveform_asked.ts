/** The stored waveform of a recording. It may lie on another machine: then there is none, and the reason. */

import { api, told } from "../api/client";
import { useAsked } from "../parts/asked";
import { type Peaks, peaksOf } from "./peaks_file";

export function useWaveform(recordingId: string): { peaks: Peaks | null; error: unknown } {
    const asked = useAsked(
        async (signal) => {
            const path = { recording_id: recordingId };
            const asking = api.GET("/v1/recordings/{recording_id}/waveform", {
                params: { path },
                parseAs: "arrayBuffer",
                signal,
            });
            return { recordingId, peaks: peaksOf(await told(asking)) };
        },
        [recordingId],
    );
    // What is there of another one is not shown for this one.
    const isOwn = asked.value?.recordingId === recordingId;
    return { peaks: isOwn ? (asked.value?.peaks ?? null) : null, error: asked.error };
}
