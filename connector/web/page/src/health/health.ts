/** The house's health as the API says it. */

import { api, type Bodies, told } from "../api/client";

export type Health = Bodies["HealthBody"];
export type Pbx = Bodies["PbxHealthBody"];
export type Destination = Bodies["DestinationHealthBody"];

export function healthNow(signal: AbortSignal): Promise<Health> {
    return told(api.GET("/v1/health", { signal }));
}
