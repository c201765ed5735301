import type { SocketCall } from "../../wire/socket-call.ts";
import type { BucketHost } from "../bucket-host.ts";
import type { Clock } from "../clock.ts";
import type { SessionSocket } from "./session-socket.ts";
import { type PlaceRows } from "./place-saver.ts";
/** Sessions of one bucket: each takes about 90 KiB, of the object and in front of it. */
export declare const MAX_SESSIONS = 1000;
/** What sessions call of the host. */
export type SessionHost = Pick<BucketHost, "acquire" | "batch" | "cancel" | "changeHold" | "extendPermit" | "endSessions" | "inspect" | "releasePermit" | "restore" | "sessionsChanged" | "sessionsWait">;
/** What sessions need from the platform. */
export interface SessionPlatform {
    readonly clock: Clock;
    /** Calls back once, when the turn that is under way is over: before anything else happens to the object. */
    defer(callback: () => void): void;
    /** Makes an id that can't be guessed, another one each time. */
    newId(): string;
    /** Where places are kept that have no room with their sockets. */
    readonly placeRows: PlaceRows;
}
/** The sessions of one bucket. */
export declare class Sessions {
    #private;
    constructor(host: SessionHost, platform: SessionPlatform);
    /** The number of open sessions. */
    get count(): number;
    /**
     * A session begins.
     *
     * @throws {RangeError} If the bucket's state can't be read.
     */
    open(socket: SessionSocket, decoded: SocketCall): void;
    /**
     * The object wakes: sessions go on, and their places in the queue are what they were. One whose places can't be read
     * is closed, and its client comes back with its tickets. Must come before any other call.
     */
    restore(sockets: readonly SessionSocket[]): void;
    /** The ids of the sessions that are open. */
    get ids(): ReadonlySet<string>;
    /**
     * The process is about to end: closes all sessions, whose clients come back to the next one with their tickets.
     * Their places are given up without a word, together with everybody else's (`BucketHost.shutDown`).
     */
    shutDown(): void;
    /** A frame has arrived. */
    received(socket: SessionSocket, data: string | ArrayBuffer): void;
    /** A session is over, in whatever way. Its places are given up, and frames that haven't been processed are dropped. */
    closed(socket: SessionSocket): void;
    /** Runs everything that has arrived, as one turn. */
    processInbox(): void;
}
