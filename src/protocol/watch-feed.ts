/** The live feed of a bucket, `GET /buckets/NAME/watch`: what both ends of the WebSocket say. */
import type { Ask } from "../core/ask.ts";
import type { LimiterReason } from "../core/outcome.ts";
import type { BucketSnapshot } from "./bucket-snapshot.ts";

import { isApiKey } from "./api-key.ts";

/** The subprotocol that both ends speak. */
export const SUBPROTOCOL = "sluice";

/** A subprotocol that carries an API key: this, and the key in base64url. */
const BEARER_PREFIX = "sluice.bearer.";

/** Sent by a watcher to see that the service is still there; a runtime answers it without waking the object. */
export const PING = "ping";
/** The answer to `PING`; no message of the feed. */
export const PONG = "pong";

/**
 * How far a watcher may fall behind, in UTF-16 units, as `length` counts: five seconds of a flood. The
 * service closes the connection of one that is further behind.
 */
export const MAX_UNREAD = 524_288;

/**
 * A message of the feed, one JSON text each: the first as soon as the connection opens, then one after each
 * change.
 */
export interface WatchMessage {
  /** The object's clock, epoch milliseconds. */
  readonly atMs: number;
  /** Present, and true, in the first message: no `id` refers to a request of an earlier connection. */
  readonly isFirst?: true;
  readonly snapshot: BucketSnapshot;
  /** What happened since the previous message, in order; empty in the first. */
  readonly events: readonly WatchEvent[];
  /** How many events were dropped because there were too many for one message; absent if none was. */
  readonly omitted?: number;
}

/**
 * Something that happened to a request. `id` identifies it within this instance of the object; `tokens` and
 * `limits` are what it asked for, `label` is what its caller calls itself.
 */
export type WatchEvent =
  | {
      readonly kind: "queued";
      readonly id: number;
      readonly atMs: number;
      readonly tokens: number;
      readonly limits?: NonNullable<Ask["limits"]>;
      readonly label?: string;
    }
  | {
      readonly kind: "granted";
      readonly id: number;
      readonly atMs: number;
      readonly tokens: number;
      readonly limits?: NonNullable<Ask["limits"]>;
      readonly label?: string;
      readonly waitedMs: number;
    }
  | {
      readonly kind: "refused";
      readonly id: number;
      readonly atMs: number;
      readonly tokens: number;
      readonly limits?: NonNullable<Ask["limits"]>;
      readonly label?: string;
      readonly reason: LimiterReason;
    }
  | {
      readonly kind: "cancelled";
      readonly id: number;
      readonly atMs: number;
      readonly tokens: number;
      readonly limits?: NonNullable<Ask["limits"]>;
      readonly label?: string;
      readonly waitedMs: number;
    };

/**
 * The subprotocols that a client offers: the one it speaks, and the API key, because a script in a browser cannot
 * set a header of a WebSocket's request.
 */
export function subprotocolsFor(apiKey: string | undefined, subprotocol: string): string[] {
  if (apiKey === undefined) return [subprotocol];
  const base64 = btoa(apiKey).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  return [subprotocol, BEARER_PREFIX + base64];
}

/** The API key in the first of these subprotocols that claims to carry one. */
export function apiKeyIn(subprotocols: readonly string[]): string | undefined {
  const bearer = subprotocols.find((name) => name.startsWith(BEARER_PREFIX));
  const base64 = bearer?.slice(BEARER_PREFIX.length) ?? "";
  if (!/^[\w-]+$/.test(base64)) return undefined;
  try {
    const decoded = atob(base64.replaceAll("-", "+").replaceAll("_", "/"));
    return isApiKey(decoded) ? decoded : undefined;
  } catch {
    return undefined;
  }
}

/** How a watcher reports what it has read: the lengths of all messages so far, together. */
export function readReport(units: number): string {
  return JSON.stringify({ read: units });
}

/** What `readReport` reported; `undefined` for any other text. */
export function unitsRead(text: string): number | undefined {
  const [, units] = /^\{"read":(\d{1,15})\}$/.exec(text) ?? [];
  return units === undefined ? undefined : Number(units);
}
