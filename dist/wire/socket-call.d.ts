/**
 * How the Worker passes a caller that wants a WebSocket to the object: in the URL of a request that it builds from
 * scratch, as with an acquire (see acquire-call.ts).
 */
import type { NamedPolicyFields } from "../protocol/bucket-snapshot.ts";
/** What a WebSocket is for: the bucket's live feed, or acquires. */
export type SocketKind = "watch" | "session";
/** The bucket that a WebSocket is about. */
export interface SocketCall {
    readonly bucket: string;
    /** The configured policy. */
    readonly policy: NamedPolicyFields;
}
/** The request that carries `call`: an upgrade to a WebSocket. */
export declare function socketRequest(kind: SocketKind, call: SocketCall): Request;
/**
 * The call in the URL of a request.
 *
 * @throws {TypeError} If the URL holds no call: `socketRequest` did not build it.
 */
export declare function decodeSocketCall(url: string): {
    readonly kind: SocketKind;
    readonly call: SocketCall;
};
