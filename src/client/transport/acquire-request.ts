/**
 * An acquire as it is sent: over HTTP or on a session, and again after a broken connection. Each time it is the same
 * request, with the same key; once Sluice has given it a ticket, that goes along, and keeps its place even if the
 * bucket's object was lost.
 */
import type { Ask } from "../../core/ask.ts";
import type { Answer, Place } from "./answer.ts";
import type { Call } from "./connection.ts";

import { membersOf } from "../../core/is-record.ts";
import { STREAM_IF_QUEUED } from "../../protocol/acquire-bodies.ts";
import { asciiJson, fieldString } from "../../protocol/text.ts";
import { TICKET_FIELD } from "../../protocol/ticket-form.ts";
import { cancelCall } from "./give-up.ts";

/** Reasons for which Sluice doesn't take a ticket: a bucket that was reset no longer knows its earlier ones. */
const TICKET_REASONS: ReadonlySet<unknown> = new Set(["invalid-request", "ticket-mismatch"]);

/** What became of cancelling an acquire on a session; `unknown` if the connection broke before that was answered. */
export type CancelOutcome =
  | { readonly kind: "cancelled" | "unknown" }
  | { readonly kind: "granted"; readonly grant: unknown };

/** An acquire until it ends. */
export class AcquireRequest {
  readonly bucket: string;
  readonly #ask: Partial<Ask>;
  /** Whether its caller follows its place. */
  readonly #isFollowed: boolean;
  /** The last that Sluice has sent. */
  #ticket: string | undefined = undefined;
  /** Set if it is cancelled on a session. Never rejects. */
  cancelled: Promise<CancelOutcome> | undefined = undefined;

  /** @param ask What is left out, Sluice decides. */
  constructor(bucket: string, ask: Partial<Ask>, isFollowed: boolean) {
    this.bucket = bucket;
    this.#ask = ask;
    this.#isFollowed = isFollowed;
  }

  /** How long it waits at most, in milliseconds; `Infinity` if the policy decides. */
  get timeoutMs(): number {
    return this.#ask.timeoutMs ?? Infinity;
  }

  /** The call over HTTP. */
  call(isStreamed: boolean): Call {
    const { tokens, limits = {}, timeoutMs, holdMs, idempotencyKey, label = "" } = this.#ask;
    const query = new URLSearchParams({ bucket: this.bucket });
    if (tokens !== undefined) query.set("tokens", String(tokens));
    if (timeoutMs !== undefined) query.set("timeoutMs", String(timeoutMs));
    if (holdMs !== undefined) query.set("holdMs", String(holdMs));
    if (label !== "") query.set("label", label);
    for (const [name, count] of Object.entries(limits)) query.set(`tokens.${name}`, String(count));
    return {
      method: "POST",
      path: `/acquire?${query.toString()}`,
      headers: {
        ...(idempotencyKey !== undefined && { "Idempotency-Key": fieldString(idempotencyKey) }),
        ...(this.#ticket !== undefined && { [TICKET_FIELD]: this.#ticket }),
        ...(isStreamed && { Accept: STREAM_IF_QUEUED }),
      },
    };
  }

  /** The call that removes it from the queue; `undefined` without a key. */
  cancelCall(): Call | undefined {
    const { idempotencyKey } = this.#ask;
    return idempotencyKey === undefined ? undefined : cancelCall(this.bucket, idempotencyKey);
  }

  /** The message on a session. Printable ASCII, so its length is its size in bytes. */
  message(id: number): string {
    const { tokens, limits = {}, timeoutMs, holdMs, idempotencyKey, label } = this.#ask;
    const named = Object.entries(limits).map(([name, count]) => [`tokens.${name}`, count]);
    const message = JSON.stringify({
      op: "acquire",
      id,
      tokens,
      ...Object.fromEntries(named),
      timeoutMs,
      holdMs,
      key: idempotencyKey,
      label,
      ticket: this.#ticket,
      follow: this.#isFollowed ? true : undefined,
      fields: true,
    });
    return label === undefined ? message : asciiJson(message);
  }

  /** Keeps the ticket of its place, and returns what is for its caller. */
  placed({ ticket, ...place }: Place): Omit<Place, "ticket"> {
    if (ticket !== undefined) this.#ticket = ticket;
    return place;
  }

  /** Whether the answer is to its ticket alone, so that it should be sent again. It goes without one then. */
  dropsTicket({ body }: Answer): boolean {
    if (this.#ticket === undefined) return false;
    if (!TICKET_REASONS.has(membersOf(body)["reason"])) return false;
    this.#ticket = undefined;
    return true;
  }
}
