/**
 * What arrives on a session: frames taken apart, and messages checked, with every fault found at once. The rules of
 * an acquire are those of one over HTTP (see asked-members.ts), and so are a hold's.
 *
 * Nothing here throws, whatever is sent: a message that can't be read is answered, and the session goes on.
 */
import type { FieldFault } from "../core/values.ts";
import type { MessageId, SessionCall } from "./session-messages.ts";
/** The messages in a frame; or what is wrong with it, so that nothing of it is done. */
export type ReadFrame = {
    readonly ok: true;
    readonly messages: readonly unknown[];
} | {
    readonly ok: false;
    readonly reason: "too-large" | "too-many" | "not-json";
    /** Its message is short enough to close a WebSocket with. */
    readonly fault: FieldFault;
};
/** A call; or what is wrong with it, and its id, or `null` if it has none that can be read. */
export type ReadCall = {
    readonly ok: true;
    readonly call: SessionCall;
} | {
    readonly ok: false;
    readonly id: MessageId | null;
    readonly errors: readonly FieldFault[];
};
/** The members that a message with each `op` may have. */
export declare const membersByOp: {
    readonly acquire: readonly ["tokens", "timeoutMs", "key", "holdMs", "follow", "fields", "ticket", "label"];
    readonly cancel: readonly [];
    readonly settle: readonly ["hold", "used"];
    readonly extend: readonly ["permit"];
    readonly release: readonly ["permit"];
};
/** The longest `id` that is a string, in characters, as JSON Schema counts them: code points. */
export declare const MAX_ID_LENGTH = 64;
/**
 * The messages in a frame: one, or those of an array, which may be empty. What each of them is, `readCall` checks.
 *
 * @example
 * readFrame('[{"op":"cancel","id":7}]'); // { ok: true, messages: [{ op: "cancel", id: 7 }] }
 */
export declare function readFrame(text: string): ReadFrame;
/**
 * The call in a message, which may be anything. What only the bucket knows, such as whether it has a limit of that
 * name, is left to the bucket.
 *
 * @example
 * readCall({ op: "cancel", id: 7 }); // { ok: true, call: { op: "cancel", id: 7 } }
 */
export declare function readCall(message: unknown): ReadCall;
