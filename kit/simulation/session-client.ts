/**
 * A client with a session: it sends acquires in frames, loses its connection, and comes back with its tickets and
 * keys. What it hears and what the object says are noted in the book.
 */
import type { SessionMessage } from "../../src/protocol/session-messages.ts";
import type { SocketCall } from "../../src/wire/socket-call.ts";
import type { GatedObject } from "./gated-instance.ts";
import type { Asked, Attempt, MadeGrant, SessionsBook } from "./sessions-book.ts";
import type { SocketClient, SocketObserver } from "./virtual-socket.ts";

import { VirtualSocket } from "./virtual-socket.ts";

/** An acquire of this client that has no ending for it yet. */
export interface PendingAcquire {
  readonly asked: Asked;
  readonly isFollowing: boolean;
  /** Whether it keeps the ticket of its place. */
  readonly keepsTicket: boolean;
  ticket?: string;
  /** The life of the bucket that the ticket is of. */
  ticketLife?: number;
  /** It has been on the way to the object before, or its ticket is presented by another client. */
  isAgain: boolean;
}

/** What one connection has under way, by id. */
interface Sent {
  readonly pending: PendingAcquire;
  attempt: Attempt | undefined;
  /** The life of the bucket that its ticket is of. */
  ticketLife?: number;
  /** What the object may still say to this id: one ending, and another for each `cancel`. */
  endings: number;
}

export class SessionClient implements SocketClient, SocketObserver {
  readonly name: string;
  readonly #object: GatedObject;
  readonly #call: SocketCall;
  readonly #book: SessionsBook;
  readonly #pending = new Map<number, PendingAcquire>();
  readonly #sent = new Map<VirtualSocket, Map<number, Sent>>();
  #socket: VirtualSocket | undefined = undefined;
  /** Whether it has a connection, or is about to. */
  #isThere = false;
  /** Whether it is about to send what was under way on its last connection. */
  #isResuming = false;
  #ids = 0;
  /** How long after its connection has ended it comes back; `undefined` if it doesn't. */
  returnsAfterMs: () => number | undefined = () => 0;
  /** What happens, in words. */
  print: (line: () => string) => void = () => undefined;
  /** The object has received a frame, and hasn't processed it yet. */
  onFrame: () => void = () => undefined;
  /** A ticket of this client has been sent. */
  onTicket: (pending: PendingAcquire) => void = () => undefined;

  constructor(name: string, object: GatedObject, call: SocketCall, book: SessionsBook) {
    this.name = name;
    this.#object = object;
    this.#call = call;
    this.#book = book;
  }

  /** Acquires without an ending. */
  get open(): readonly PendingAcquire[] {
    return [...this.#pending.values()];
  }

  connect(): void {
    const { clock, random } = this.#object;
    const socket = new VirtualSocket(this.#object, this, this);
    this.#socket = socket;
    this.#isThere = true;
    this.#sent.set(socket, new Map());
    socket.open(this.#call);
    this.#isResuming = this.#pending.size > 0;
    if (!this.#isResuming) return;
    clock.after(random.integer(0, 20), () => {
      if (socket !== this.#socket) return;
      this.#isResuming = false;
      this.#sendAll(socket, [...this.#pending]);
    });
  }

  /** Sends new acquires in one frame, and in the same frame cancels some that are under way. */
  ask(pendings: readonly PendingAcquire[], cancels: number): void {
    if (!this.#isThere) return;
    const socket = this.#socket;
    const numbered = pendings.map((pending) => {
      this.#ids += 1;
      this.#pending.set(this.#ids, pending);
      return [this.#ids, pending] as const;
    });
    if (!socket || this.#isResuming) return;
    const cancelled = [...this.#pending.keys()].slice(0, cancels);
    this.#sendAll(socket, numbered, cancelled);
  }

  /** See `VirtualSocket.clientLeaves`. */
  cut(inFrame: boolean): void {
    const socket = this.#socket;
    if (!socket) return;
    socket.clientLeaves(inFrame);
    this.closed(socket);
  }

  received(socket: VirtualSocket, text: string): void {
    for (const message of messagesIn(text)) this.#hear(socket, message);
  }

  closed(socket: VirtualSocket): void {
    if (socket !== this.#socket) return;
    this.#socket = undefined;
    const afterMs = this.returnsAfterMs();
    this.#isThere = afterMs !== undefined;
    for (const [id, pending] of this.#pending) {
      const comesBack = pending.asked.key !== undefined || pending.ticket !== undefined;
      if (afterMs === undefined || !comesBack) this.#pending.delete(id);
      pending.isAgain = true;
    }
    if (afterMs !== undefined) this.#object.clock.after(afterMs, () => this.#reconnect());
  }

  /** In a turn of the object: whether or not this client hears of it. */
  sent(socket: VirtualSocket, text: string): () => void {
    this.print(() => `${this.name} is sent ${text}`);
    const grants = messagesIn(text).flatMap((message) => this.#note(socket, message) ?? []);
    return () => {
      for (const made of grants) this.#book.landed(made);
    };
  }

  #reconnect(): void {
    if (!this.#socket) this.connect();
  }

  #sendAll(
    socket: VirtualSocket,
    acquires: readonly (readonly [number, PendingAcquire])[],
    cancels: readonly number[] = [],
  ): void {
    const calls = acquires.map(([id, pending]) => messageOf(id, pending));
    const frame = JSON.stringify([...calls, ...cancels.map((id) => ({ op: "cancel", id }))]);
    socket.clientSends(frame, () => this.#arrived(socket, acquires, cancels));
  }

  #arrived(
    socket: VirtualSocket,
    acquires: readonly (readonly [number, PendingAcquire])[],
    cancels: readonly number[],
  ): void {
    const sent = this.#sent.get(socket);
    const { clock, instance } = this.#object;
    this.print(() => {
      const asked = acquires.map(
        ([
          id,
          {
            asked: { name },
          },
        ]) => `${id} ${name}`,
      );
      return `${this.name} is received: ${asked.join(", ")}, cancels ${cancels.join(", ")}`;
    });
    for (const [id, pending] of acquires) {
      const attempt = this.#book.received(pending.asked, clock.wallMs, pending.isAgain, instance);
      sent?.set(id, { pending, attempt, endings: 1 });
    }
    for (const id of cancels) {
      const one = sent?.get(id);
      if (one) one.endings += 1;
    }
    this.onFrame();
  }

  #note(socket: VirtualSocket, message: SessionMessage): MadeGrant | undefined {
    const { id } = message;
    const book = this.#book;
    const sent = typeof id === "number" ? this.#sent.get(socket)?.get(id) : undefined;
    if (!sent) {
      // A `cancel` that the object received before it knew the acquire.
      if (!("cancelled" in message))
        book.breaks(`${this.name} was sent ${JSON.stringify(message)}`);
      return undefined;
    }
    const { attempt, pending } = sent;
    const { name } = pending.asked;
    const isLetIn = "queued" in message || "granted" in message;
    if (isLetIn && this.#hasForeignTicket(pending)) {
      book.breaks(`${name} was let in by a ticket that isn't the bucket's`);
    }
    if ("queued" in message) {
      sent.ticketLife = this.#object.instance.lifeBefore;
      if (attempt) book.queued(attempt, this.#object.clock.wallMs + message.queued.etaMs);
      else book.breaks(`${name} was sent a place after its ending`);
      return undefined;
    }
    sent.endings -= 1;
    if (sent.endings < 0) book.breaks(`${name} was sent ${JSON.stringify(message)} once more`);
    sent.attempt = undefined;
    if ("granted" in message) {
      if (!attempt) book.breaks(`${name} was granted after its ending`);
      const untilMs = pending.ticket === undefined ? Infinity : deadlineIn(pending.ticket);
      return attempt && book.granted(attempt, message.granted, this.#object.instance, untilMs);
    }
    if (!attempt) return undefined;
    if ("refused" in message) this.#noteRefusal(attempt, pending, message.refused.reason);
    else book.ended(attempt, "cancelled");
    return undefined;
  }

  #noteRefusal(attempt: Attempt, pending: PendingAcquire, reason: string): void {
    const isForeign = this.#hasForeignTicket(pending);
    if (pending.ticket !== undefined && !isForeign && reason === "queue-full") {
      this.#book.breaks(`${pending.asked.name} came back by its ticket, and the queue is full`);
    }
    const isKnown = ["timeout", "queue-full", "bucket-reset", "exceeds-capacity"].includes(reason);
    if (!isKnown && !(isForeign && reason === "invalid-request")) {
      this.#book.breaks(`${pending.asked.name} was refused: ${reason}`);
    }
    this.#book.ended(attempt, reason);
  }

  /** Whether its ticket is forged, or from before a reset of the bucket. */
  #hasForeignTicket({ ticket, ticketLife }: PendingAcquire): boolean {
    return ticket !== undefined && ticketLife !== this.#object.instance.lifeBefore;
  }

  #hear(socket: VirtualSocket, message: SessionMessage): void {
    const { id } = message;
    const pending = typeof id === "number" ? this.#pending.get(id) : undefined;
    if (!pending || typeof id !== "number") return;
    if (!("queued" in message)) {
      this.#pending.delete(id);
      return;
    }
    const { ticket } = message.queued;
    if (ticket === undefined || pending.ticket !== undefined || !pending.keepsTicket) return;
    pending.ticket = ticket;
    const life = this.#sent.get(socket)?.get(id)?.ticketLife;
    if (life !== undefined) pending.ticketLife = life;
    this.onTicket(pending);
  }

  /** The object notices that the connection has broken: its places are given up. */
  disconnected(socket: VirtualSocket): void {
    for (const { attempt } of this.#sent.get(socket)?.values() ?? []) {
      if (attempt) this.#book.gone(attempt);
    }
    this.#sent.delete(socket);
  }
}

function messageOf(id: number, { asked, ticket, isFollowing }: PendingAcquire): object {
  const { tokens, timeoutMs, key } = asked;
  return {
    op: "acquire",
    id,
    tokens,
    timeoutMs,
    ...(key !== undefined && { key }),
    ...(ticket !== undefined && { ticket }),
    ...(isFollowing && { follow: true }),
  };
}

/** The deadline that a ticket states, epoch milliseconds. */
function deadlineIn(ticket: string): number {
  const [, statement = ""] = ticket.split(".");
  const [, , , deadlineAtMs]: number[] = JSON.parse(Buffer.from(statement, "base64url").toString());
  return deadlineAtMs ?? NaN;
}

function messagesIn(text: string): readonly SessionMessage[] {
  const frame: unknown = JSON.parse(text);
  return Array.isArray(frame) ? frame : [frame as SessionMessage];
}
