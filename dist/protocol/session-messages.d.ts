/**
 * A session, `GET /buckets/NAME/session`: many acquires over one WebSocket. What both ends say, and how much of it.
 *
 * A frame is one JSON message or an array of them. Each message to Sluice has an `id` of the client's choice, and
 * what is answered to it has the same `id`. An acquire ends with exactly one of `granted`, `refused` and `cancelled`;
 * one that has to wait is first answered `queued`.
 */
import type { HoldCall, SettledHold } from "../core/holds/hold-call.ts";
import type { Ask } from "../core/ask.ts";
import type { GrantedPermit } from "../core/outcome.ts";
import type { GrantBody, QueuedBody } from "./acquire-bodies.ts";
import type { ProblemBody } from "./problem-document.ts";
/** The subprotocol that both ends speak. */
export declare const SESSION_SUBPROTOCOL = "sluice.v1";
/** The largest frame to Sluice, in bytes of UTF-8. What Sluice sends in one frame may be longer. */
export declare const MAX_FRAME_BYTES = 65536;
/** The most messages in a frame to Sluice. */
export declare const MAX_FRAME_MESSAGES = 1000;
/**
 * How Sluice closes a session, beside the protocol's own codes (RFC 6455, 7.4.1): `restarting` is 1012, and the
 * client may come back at once, with its tickets.
 */
export declare const sessionCloseCodes: {
    readonly tooLarge: 1009;
    readonly restarting: 1012;
    readonly tooSlow: 4408;
};
/** What a client names a call by: an integer, or a string of at most 64 characters. 7 and "7" are different ids. */
export type MessageId = number | string;
/** An acquire on a session. */
export interface SessionAcquire {
    readonly op: "acquire";
    readonly id: MessageId;
    /** The message's `key` is its `idempotencyKey`. */
    readonly ask: Ask;
    /** Whether each change of its place is reported, and not only the first place. */
    readonly isFollowing: boolean;
    /** Whether its ending carries the `RateLimit` fields. */
    readonly hasFields: boolean;
}
/** A message to Sluice that has been checked. */
export type SessionCall = SessionAcquire | {
    readonly op: "cancel";
    readonly id: MessageId;
} | {
    readonly op: "settle";
    readonly id: MessageId;
    readonly hold: string;
    readonly call: Extract<HoldCall, {
        used: unknown;
    }>;
} | {
    readonly op: "extend" | "release";
    readonly id: MessageId;
    readonly permit: string;
};
/** The `RateLimit` fields by name, as a stream's event `fields` has them. */
interface EndingFields {
    readonly fields?: Readonly<Record<string, string>>;
}
/** How an acquire ends on a session. */
type SessionEnding = {
    readonly granted: Omit<GrantBody, "bucket">;
} | {
    readonly refused: ProblemBody;
} | {
    readonly cancelled: Readonly<Record<string, never>>;
};
/** A message from Sluice. `id` is `null` where the message that it answers has none that can be read. */
export type SessionMessage = ({
    readonly id: MessageId | null;
} & SessionEnding & EndingFields) | {
    readonly id: MessageId;
    readonly queued: QueuedBody;
} | {
    readonly id: MessageId;
    readonly settled: SettledHold;
} | {
    readonly id: MessageId;
    readonly extended: GrantedPermit;
} | {
    readonly id: MessageId;
    readonly released: Readonly<Record<string, never>>;
};
export {};
