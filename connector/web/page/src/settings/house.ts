/** An organisation's settings as the server has them, and changes of them. Knows no control. */

import { useCallback, useState } from "preact/hooks";
import { api, type Bodies, told } from "../api/client";
import { useAsked } from "../parts/asked";
import { may, type Session } from "../session/session";

export type Settings = Bodies["SettingsAnswer"];
export type Change = Bodies["SettingsBody"];
export type Source = Bodies["SettingSource"];
export type Name = Exclude<keyof Change, "agents" | "storage">;

export interface Held {
    settings: Settings;
    organisation: string | null;
    mayChange: boolean;
    /** All of it or nothing. Raises Problem. */
    change: (wanted: Change) => Promise<void>;
    /** What an answer to another change says. */
    take: (settings: Settings) => void;
}

export function useHeld(organisation: string | null, mayChange: boolean) {
    const query = { organisation };
    const asked = useAsked((signal) => told(api.GET("/v1/settings", { params: { query }, signal })), [organisation]);
    const [newer, take] = useState<Settings | null>(null);
    const change = useCallback(
        async (body: Change) =>
            take(await told(api.PATCH("/v1/settings", { params: { query: { organisation } }, body }))),
        [organisation],
    );
    const settings = newer ?? asked.value;
    const held: Held | null = settings ? { settings, organisation, mayChange, change, take } : null;
    return { held, error: asked.error, again: asked.again };
}

/** Who sees some calls only changes nothing for the others. */
export function isLimited({ limits }: Session): boolean {
    return [limits.tags, limits.agents, limits.numbers].some((some) => some.length > 0);
}

/** Of whose agents he may switch: null says all, a list only those. */
export function switchable({ limits }: Session): readonly string[] | null {
    if (!may("admin") || limits.tags.length || limits.numbers.length) return [];
    return limits.agents.length ? limits.agents : null;
}
