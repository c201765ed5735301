/**
 * The pauses this process knows: one for each client, bucket and limit, shared by all paced
 * fetches, so that what one of them learns holds the others as well.
 */
import type { Client } from "../client.ts";
import { SharedPause } from "./shared-pause.ts";
/** Returns the pause of a limit, joined: call `leave()` on it when the call is done. */
export declare function joinPause(client: Client, bucket: string, limit?: string): SharedPause;
