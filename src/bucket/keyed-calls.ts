/**
 * What a bucket knows about acquires with an idempotency key, whatever has become of them: granted,
 * waiting, absent (the connection broke while they waited) or cancelled.
 *
 * A grant with a permit is only known as long as that is out: its caller would run its work under a permit that
 * somebody else may have by now. One with a hold is known until that is settled, since the tokens of more work aren't
 * paid then. After that the key is new, and what it asks for is taken again.
 */
import type { Limiter } from "../core/limiter.ts";
import type { Grant } from "../core/outcome.ts";
import type { Settlement } from "../core/turn.ts";
import type { AcquireCall } from "../wire/acquire-call.ts";
import type { AbsentPlace } from "./absent-callers.ts";
import type { Caller } from "./caller.ts";
import type { KeyedGrant, KeyedGrantStore } from "./idempotency-store.ts";

import { AbsentCallers } from "./absent-callers.ts";
import { IdempotencyStore, askedIn, isSameAsked } from "./idempotency-store.ts";

/** What has become of the earlier acquire with a key; `reused`: that one asked for something else. */
export type KnownCall =
  | { readonly kind: "cancelled" }
  | { readonly kind: "reused" }
  | { readonly kind: "granted"; readonly grant: Grant }
  | { readonly kind: "waiting"; readonly caller: Caller }
  | { readonly kind: "absent"; readonly place: AbsentPlace };

/** What knows whether work may start on a grant. */
type Grants = Pick<Limiter<Caller>, "isOpen">;

/** The acquires of one bucket that have a key. */
export class KeyedCalls {
  readonly #grants: IdempotencyStore;
  readonly #waiting = new Map<string, Caller>();
  readonly #absent = new AbsentCallers();

  constructor(grants: KeyedGrantStore) {
    this.#grants = new IdempotencyStore(grants);
  }

  /** What has become of the earlier acquire with `key`, in the bucket of `limiter`; `undefined` if the key is new. */
  find(key: string, call: AcquireCall, limiter: Grants, nowMs: number): KnownCall | undefined {
    if (this.#absent.isCancelled(key, nowMs)) return { kind: "cancelled" };
    const granted = this.#granted(key, limiter, nowMs);
    const caller = this.#waiting.get(key);
    // A requeued call brings its own arrival.
    const place = call.requeued ? undefined : this.#absent.find(key, nowMs);
    const asked = granted?.asked ?? caller?.call ?? place?.asked;
    if (!asked) return undefined;
    if (!isSameAsked(asked, call)) return { kind: "reused" };
    if (granted) return { kind: "granted", grant: granted.grant };
    if (caller) return { kind: "waiting", caller };
    return place && { kind: "absent", place };
  }

  /** The caller under `key` that isn't answered yet. It waits, or has been settled in the batch that is under way. */
  waiting(key: string): Caller | undefined {
    return this.#waiting.get(key);
  }

  /** Whether `key` is known as granted. Reads the disk on first use. */
  isGranted(key: string, limiter: Grants, nowMs: number): boolean {
    return this.#granted(key, limiter, nowMs) !== undefined;
  }

  /** The latest grant for `key`, also if no work may start on it any more. Reads the disk on first use. */
  grantOf(key: string, nowMs: number): Grant | undefined {
    return this.#grants.find(key, nowMs)?.grant;
  }

  /** `caller` has arrived, and isn't answered yet. */
  arrived(key: string, caller: Caller): void {
    this.#absent.arrive(key);
    this.#waiting.set(key, caller);
  }

  /** `caller` is about to be answered, or has left. */
  forget(caller: Caller): void {
    const { idempotencyKey: key } = caller.call;
    if (key !== undefined && this.#waiting.get(key) === caller) this.#waiting.delete(key);
  }

  /** Writes those of a turn's grants down that have a key, in that turn. */
  settled(settlements: readonly Settlement<Caller>[], nowMs: number): void {
    let grants: [string, KeyedGrant][] | undefined;
    for (const { caller, outcome } of settlements) {
      const { call } = caller;
      if (call.idempotencyKey === undefined || !outcome.ok) continue;
      const keyed = { asked: askedIn(call), grant: outcome };
      (grants ??= []).push([call.idempotencyKey, keyed]);
    }
    if (grants) this.#grants.keep(grants, nowMs);
  }

  /** The last request of a call has disconnected; the call may come back to its place within 30 seconds. */
  disconnected(call: AcquireCall, place: Omit<AbsentPlace, "asked">, nowMs: number): void {
    const { idempotencyKey: key } = call;
    if (key === undefined) return;
    this.#absent.leave(key, { ...place, asked: askedIn(call) }, nowMs);
  }

  /** See `AbsentCallers.cancel`. */
  cancel(key: string, nowMs: number): AbsentPlace | undefined {
    return this.#absent.cancel(key, nowMs);
  }

  /** Forgets absent and cancelled calls. */
  forgetAbsent(): void {
    this.#absent.forgetAll();
  }

  /** All storage has been deleted, and the grants with it. */
  forgetAll(): void {
    this.#grants.forgetAll();
    this.#absent.forgetAll();
  }

  #granted(key: string, limiter: Grants, nowMs: number): KeyedGrant | undefined {
    const keyed = this.#grants.find(key, nowMs);
    return keyed && limiter.isOpen(keyed.grant, nowMs) ? keyed : undefined;
  }
}
