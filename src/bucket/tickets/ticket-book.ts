/**
 * The tickets of one bucket: makes them, checks those that are presented, and knows what has become of their
 * places.
 *
 * A ticket says by itself where its bearer stood, so only what has happened since is kept: which places are
 * waited in, which have been granted (for 10 minutes, so that a ticket that is presented again gets the same
 * grant) and which were cancelled (until their deadline, as a cancelled caller can't come back). That is in
 * memory, bounded in number, and is lost with the object. So a ticket that is presented alone after a crash is
 * granted again, even if the grant before the crash was only lost on its way. An `Idempotency-Key` beside it
 * prevents that: grants with a key are on disk.
 *
 * The secret is made with the first ticket, and is on disk before that ticket leaves the object.
 */
import type { Grant } from "../../core/outcome.ts";
import type { AcquireCall } from "../../wire/acquire-call.ts";
import type { Caller } from "../caller.ts";
import type { TicketClaim } from "./ticket.ts";

import { queueFields } from "../../core/policy.ts";
import { isTicketForm } from "../../protocol/ticket-form.ts";
import { arrivalOf } from "../absent-callers.ts";
import { askedIn, isSameAsked } from "../idempotency-store.ts";
import { RecentKeys } from "../recent-keys.ts";
import { TicketSigner, keyHashOf } from "./ticket.ts";

/** How long a granted ticket is answered with its grant. */
const GRANTED_MS = 600_000;
/** Granted places that are remembered, about 400 bytes each. */
const MAX_GRANTED = 10_000;
/** The longest possible wait, so it covers every deadline. */
const CANCELLED_MS = queueFields.maxWaitMs.max;
/** Cancelled places that are remembered: as many as a queue can hold. */
const MAX_CANCELLED = 10_000;

const SECRET_BYTES = 32;
/** Tells the places of this instance from those of others of the same bucket. */
const INSTANCE_BYTES = 6;

/** Where the secret is kept. */
export interface TicketSecretStore {
  /** `undefined` before `write`, and after the disk has been erased. */
  read(): Uint8Array | undefined;
  write(secret: Uint8Array): void;
}

/** What has become of a ticket's place; `absent`: nobody waits in it, and its bearer may come back to it. */
export type KnownPlace =
  | { readonly kind: "waiting"; readonly caller: Caller }
  | { readonly kind: "granted"; readonly grant: Grant }
  | { readonly kind: "cancelled" }
  | { readonly kind: "absent" };

/** The tickets of one bucket. */
export class TicketBook {
  readonly #secrets: TicketSecretStore;
  readonly #randomBytes: (count: number) => Uint8Array;
  #signer: TicketSigner | undefined = undefined;
  #instance: string | undefined = undefined;
  #places = 0;
  /** Callers that aren't answered yet, by their places. */
  readonly #waiting = new Map<string, Caller>();
  readonly #granted = new RecentKeys<Grant>(GRANTED_MS, MAX_GRANTED);
  readonly #cancelled = new RecentKeys<true>(CANCELLED_MS, MAX_CANCELLED);

  /** @param randomBytes That can't be guessed. */
  constructor(secrets: TicketSecretStore, randomBytes: (count: number) => Uint8Array) {
    this.#secrets = secrets;
    this.#randomBytes = randomBytes;
  }

  /**
   * The ticket of a caller that waits, the same at each call. It is signed each time, as most are sent once and would
   * be a tenth of what a waiter takes in memory. The first one of a bucket writes the secret to the disk.
   *
   * @throws {RangeError} If the caller doesn't wait.
   */
  ticketOf(caller: Caller): string {
    const { waiter, timeoutMs, call } = caller;
    if (caller.ticket !== undefined) return caller.ticket;
    if (!waiter) throw new RangeError("Cannot make a ticket for a caller that does not wait");
    const signer = this.#ensureSigner();
    if (caller.placeId === undefined) {
      caller.placeId = this.#newPlaceId();
      this.arrived(caller);
    }
    const keyHash = keyHashOf(call);
    return signer.sign({
      placeId: caller.placeId,
      arrival: arrivalOf(waiter),
      timeoutMs,
      asked: askedIn(call),
      ...(keyHash !== undefined && { keyHash }),
    });
  }

  /** What `ticket` states; `undefined` if this bucket hasn't made it, or has been reset since. Takes any text. */
  open(ticket: string): TicketClaim | undefined {
    return isTicketForm(ticket) ? this.#signerOnDisk()?.open(ticket) : undefined;
  }

  /** What has become of the place of a ticket that was opened. */
  find(placeId: string, nowMs: number): KnownPlace {
    const caller = this.#waiting.get(placeId);
    if (caller) return { kind: "waiting", caller };
    const grant = this.#granted.find(placeId, nowMs);
    if (grant) return { kind: "granted", grant };
    return { kind: this.#cancelled.find(placeId, nowMs) ? "cancelled" : "absent" };
  }

  /** `caller`, whose place has tickets, isn't answered yet. */
  arrived(caller: Caller): void {
    if (caller.placeId !== undefined) this.#waiting.set(caller.placeId, caller);
  }

  /** The caller in a place is about to be answered, or has left. */
  forget(placeId: string): void {
    this.#waiting.delete(placeId);
  }

  /** The acquire in a place has been granted: its tickets are good for this grant and no other. */
  granted(placeId: string, grant: Grant, nowMs: number): void {
    this.#granted.note(placeId, grant, nowMs);
  }

  /** The acquire in a place was cancelled, and can't come back. */
  cancelled(placeId: string, nowMs: number): void {
    this.#cancelled.note(placeId, true, nowMs);
  }

  /** All storage has been deleted, and the secret with it: no ticket is good any more. */
  forgetAll(): void {
    this.#signer = undefined;
    this.#granted.forgetAll();
    this.#cancelled.forgetAll();
  }

  #newPlaceId(): string {
    this.#instance ??= Array.from(this.#randomBytes(INSTANCE_BYTES), hex).join("");
    this.#places += 1;
    return `${this.#instance}.${this.#places}`;
  }

  #signerOnDisk(): TicketSigner | undefined {
    if (this.#signer) return this.#signer;
    const secret = this.#secrets.read();
    return secret && (this.#signer = new TicketSigner(secret));
  }

  #ensureSigner(): TicketSigner {
    const signer = this.#signerOnDisk();
    if (signer) return signer;
    const secret = this.#randomBytes(SECRET_BYTES);
    this.#secrets.write(secret);
    return (this.#signer = new TicketSigner(secret));
  }
}

/** Whether `call` asks for what the ticket was given for, under the same key or without one. */
export function isSameAcquire({ asked, keyHash }: TicketClaim, call: AcquireCall): boolean {
  const hasSameKey = call.idempotencyKey === undefined || keyHashOf(call) === keyHash;
  return hasSameKey && isSameAsked(asked, call);
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}
