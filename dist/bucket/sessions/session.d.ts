/**
 * One session: the acquires that wait on it, and the messages that haven't been sent yet.
 *
 * Messages are collected while a turn lasts and leave together, in one frame. The runtime buffers what a socket can't
 * take yet, without a limit, so a reader that falls behind first gets no more places of followers, and then is closed:
 * its client comes back with its tickets.
 */
import type { AcquireAnswer } from "../../answers/acquire-answer.ts";
import type { Refused } from "../../answers/acquire-result.ts";
import type { MessageId, SessionAcquire, SessionMessage } from "../../protocol/session-messages.ts";
import type { HeldPlace } from "../../wire/held-place.ts";
import type { SocketCall } from "../../wire/socket-call.ts";
import type { FollowingRequest, Leave, OccupiedPlace } from "../held-request.ts";
import type { SavingSession } from "./place-saver.ts";
import type { SavedPlace } from "./saved-places.ts";
import type { SavedSession, SessionSocket } from "./session-socket.ts";
/** What happens to a session. */
export interface SessionEvents {
    /** There is the first message to send since the last `flush`. */
    hasMessages(session: Session): void;
    /** What would be saved of its places is another. @param by So many more of them wait. */
    placesChanged(session: Session, by: number): void;
}
/** One session of a bucket. */
export declare class Session implements SavingSession {
    #private;
    readonly sessionId: string;
    readonly socket: SessionSocket;
    readonly call: SocketCall;
    constructor(socket: SessionSocket, { sessionId, call }: Pick<SavedSession, "sessionId" | "call">, events: SessionEvents);
    /** The acquires that have no ending yet, in the order in which they came. */
    get acquires(): Iterable<SessionRequest>;
    /** The acquire with this id that has no ending yet. */
    find(id: MessageId): SessionRequest | undefined;
    /** An acquire is under way until it is answered or `end`s. */
    begin(acquire: SessionAcquire): SessionRequest;
    /** An acquire that waited when the object fell asleep waits on. */
    resume(place: SavedPlace): SessionRequest;
    /** An acquire has its ending. */
    end(id: MessageId): void;
    /** What would be saved of its places is another. @param by So many more of its acquires wait. */
    placesChanged(by: number): void;
    /** All acquires are given up without an answer: their client asks again elsewhere. */
    abandon(): void;
    /** How many of its acquires wait. */
    get waiting(): number;
    /** The places of those that wait. */
    places(): IterableIterator<SavedPlace>;
    /** Sends a message, in one frame with all others of the turn. */
    send(message: SessionMessage): void;
    /** Answers a message with a refusal. */
    refuse(id: MessageId | null, refused: Refused, fields?: Readonly<Record<string, string>>): void;
    /** Whether the reader is so far behind that another place of a follower would only add to it. */
    get isBehind(): boolean;
    /** Sends what there is. Returns `false` if the reader is too far behind: its session is closed. */
    flush(): boolean;
}
/** One acquire of a session, as the host sees it. */
export declare class SessionRequest implements FollowingRequest {
    #private;
    readonly acquire: SessionAcquire;
    readonly wantsFirstPlaceOnly: boolean;
    /** Takes it out of the queue, if it waits. */
    leave: Leave | undefined;
    readonly sessionId: string;
    /** @param isQueued Whether its first place has been reported already. */
    constructor(session: Session, acquire: SessionAcquire, isQueued?: boolean);
    /** Whether it has a place in the queue, or had one until the turn that is under way. */
    get isWaiting(): boolean;
    /** Its place, as it is to be saved; `undefined` if it has none. */
    get saved(): SavedPlace | undefined;
    joined(place: OccupiedPlace): void;
    answered(answer: AcquireAnswer): void;
    moved(place: HeldPlace): void;
}
