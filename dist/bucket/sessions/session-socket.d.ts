/** The socket of a session, as the platform provides it. */
import type { SocketCall } from "../../wire/socket-call.ts";
/** What is kept with a socket while its object sleeps. */
export interface SavedSession {
    readonly kind: "session";
    /** Identifies the session for as long as it lives, also across sleep. */
    readonly sessionId: string;
    /** The bucket and its configured policy. */
    readonly call: SocketCall;
    /** The places in the queue that the session holds (saved-places.ts); absent if it holds none. */
    readonly places?: string;
}
/** One socket. None of the methods throws if the socket has closed meanwhile. */
export interface SessionSocket {
    send(text: string): void;
    close(code: number, reason: string): void;
    /** What has been sent and hasn't left yet, in bytes. */
    readonly unsentBytes: number;
    /** Kept while the object sleeps, at most 16 KiB. */
    saved: SavedSession | undefined;
}
