/**
 * Which buckets of a client have a session, and which acquires go over it.
 *
 * A session costs Sluice a connection, and keeps its process alive. One acquire now and then is better off over HTTP;
 * many at once are not. So with `auto`, a bucket gets a session when several of its acquires are under way or follow
 * each other quickly, and until that is open everything goes over HTTP, except for what is beyond 64 at once. A session that fails says nothing about why,
 * so its bucket stays with HTTP for a while, which says it if it matters.
 */
import type { AcquireRequest } from "../transport/acquire-request.ts";
import type { Answer, Place } from "../transport/answer.ts";
import type { Connection } from "../transport/connection.ts";
import type { Attempt } from "../transport/retry.ts";
import { type HeldMessage } from "./session.ts";
/**
 * How acquires are sent: as requests of their own, over a session as soon as a bucket is asked, or over one once it is
 * worth it.
 */
export type Transport = "auto" | "http" | "session";
export type { HeldMessage } from "./session.ts";
/** The sessions of one client. */
export declare class SessionPool {
    #private;
    private constructor();
    /**
     * The sessions of a client; `undefined` if it has none.
     *
     * @param retryForMs See `ClientOptions`.
     * @throws {TypeError} If there must be sessions, and there is no WebSocket here.
     */
    static of(connection: Connection, transport: Transport, retryForMs: number): SessionPool | undefined;
    /** An acquire of this bucket begins; `end` follows. */
    begin(bucket: string): void;
    end(bucket: string): void;
    /**
     * The bucket has granted a permit over HTTP. On a session, a permit is lost soon after its connection, and over HTTP
     * it isn't, so with `auto`, such a bucket stays with HTTP.
     */
    permitted(bucket: string): void;
    /**
     * Sends an attempt of an acquire over its bucket's session; see `Session.acquire`. `undefined`, at once or as the
     * result, if it has to go over HTTP.
     */
    acquire(request: AcquireRequest, attempt: Attempt, onPlace: (place: Place) => unknown): Promise<Answer | undefined> | undefined;
    /** Sends a call about a hold or a permit; see `Session.call`. */
    call(bucket: string, message: HeldMessage, attempt: Attempt): Promise<Answer> | undefined;
    /** Ends all sessions. No other is opened. */
    close(): void;
}
