/** A recording's transcript and its versions, asked for again while one is being made. */

import { useEffect, useState } from "preact/hooks";
import { api, type Bodies, Problem, type Recording, told } from "../api/client";
import { useAsked } from "../parts/asked";

export type Document = Bodies["DocumentView"];
export type Version = Bodies["VersionView"];

export interface TranscriptFound {
    /** Null: there is none to read, and `absence` says why. */
    readonly document: Document | null;
    readonly absence: Problem | null;
    /** The newest first. One that is being made beside others is not among them. */
    readonly versions: readonly Version[];
}

export interface AskedTranscript {
    readonly found: TranscriptFound | undefined;
    readonly error: unknown;
    /** A newer one, or the first one, is being made. */
    readonly isAwaited: boolean;
    readonly hearAgain: () => Promise<void>;
    readonly again: () => void;
}

const LOOK_AGAIN_MILLISECONDS = 5000;

/** `version`: null for the newest. */
export function useTranscript(callId: string, recording: Recording, version: number | null): AskedTranscript {
    const { id: recordingId, transcript_state: state } = recording;
    // What somebody wished for here; nobody else tells of it before it is made.
    const [wished, setWished] = useState<{ by: string; version: number } | null>(null);
    const { value, error, again } = useAsked(
        async (signal) => ({ by: recordingId, found: await find(callId, recordingId, version, signal) }),
        // What was deleted is not to be read any longer.
        [callId, recordingId, version, state],
    );
    const found = value?.by === recordingId ? value.found : undefined;
    const isAwaited = found !== undefined && isBeingMade(found, wished?.by === recordingId ? wished.version : 0);
    useEffect(() => {
        if (!isAwaited) return;
        const timer = setInterval(again, LOOK_AGAIN_MILLISECONDS);
        return () => clearInterval(timer);
    }, [isAwaited, again]);

    async function hearAgain(): Promise<void> {
        const params = { path: { call_id: callId } };
        const body = { recording: recordingId };
        const asked = await told(api.POST("/v1/calls/{call_id}/transcript", { params, body }));
        setWished({ by: recordingId, version: asked.version });
        again();
    }

    return { found, error, isAwaited, hearAgain, again };
}

function isBeingMade(found: TranscriptFound, wished: number): boolean {
    const newest = found.versions[0];
    if (found.absence?.reason === "not ready" || newest?.state === "waiting") return true;
    // With a reason there will be no newer one.
    return (newest?.version ?? 0) < wished && !newest?.reason;
}

async function find(
    callId: string,
    recordingId: string,
    version: number | null,
    signal: AbortSignal,
): Promise<TranscriptFound> {
    try {
        const document = await documentOf(callId, recordingId, version, signal);
        return { document, absence: null, versions: await versionsOf(callId, recordingId, signal) };
    } catch (error) {
        // What has a reason is an answer; everything else went wrong.
        if (!(error instanceof Problem) || !error.reason) throw error;
        const versions = error.reason === "off" ? [] : await versionsOf(callId, recordingId, signal);
        return { document: null, absence: error, versions };
    }
}

async function documentOf(
    callId: string,
    recordingId: string,
    version: number | null,
    signal: AbortSignal,
): Promise<Document | null> {
    const query = { format: "document" as const, recording: recordingId, ...(version === null ? {} : { version }) };
    const params = { path: { call_id: callId }, query };
    const body = await told(api.GET("/v1/calls/{call_id}/transcript", { params, signal }));
    return typeof body === "object" && "turns" in body ? body : null;
}

async function versionsOf(callId: string, recordingId: string, signal: AbortSignal): Promise<Version[]> {
    const params = { path: { call_id: callId }, query: { recording: recordingId } };
    try {
        return (await told(api.GET("/v1/calls/{call_id}/transcript/versions", { params, signal }))).versions;
    } catch (error) {
        // Nobody asked for any.
        if (error instanceof Problem && error.status === 404) return [];
        throw error;
    }
}
