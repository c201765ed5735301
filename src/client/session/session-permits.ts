/**
 * The permits that were granted on a session. Sluice keeps them for as long as the session lives, however long that
 * is. But their holder has asked for so much time, and nobody else should wait for longer; so here, they end when
 * that is over, unless their holder has extended them.
 */
import type { GrantedPermit } from "../../core/outcome.ts";

import { Timer } from "../../holding/timer.ts";

/** A permit until it ends. */
interface KeptPermit {
  /** The time that it lasts, from its grant and from each extension. */
  readonly ttlMs: number;
  readonly expiry: Timer;
}

/** The live permits of one session. */
export class SessionPermits {
  readonly #permits = new Map<string, KeptPermit>();
  readonly #onExpired: (id: string) => void;

  /** @param onExpired Called when the time of a permit is up. It isn't among them any more. */
  constructor(onExpired: (id: string) => void) {
    this.#onExpired = onExpired;
  }

  get size(): number {
    return this.#permits.size;
  }

  /** The ids of the permits, in order of their grants. */
  get ids(): string[] {
    return [...this.#permits.keys()];
  }

  has(id: string): boolean {
    return this.#permits.has(id);
  }

  /** @param grantedAtMs When it was granted, by the clock of Sluice. */
  granted({ id, expiresAtMs }: GrantedPermit, grantedAtMs: number): void {
    this.ended(id);
    const permit = { ttlMs: expiresAtMs - grantedAtMs, expiry: new Timer() };
    this.#permits.set(id, permit);
    this.#expireLater(id, permit);
  }

  /** Its holder has extended it. */
  extended(id: string): void {
    const permit = this.#permits.get(id);
    if (permit) this.#expireLater(id, permit);
  }

  /** It was released, or is lost. */
  ended(id: string): void {
    this.#permits.get(id)?.expiry.clear();
    this.#permits.delete(id);
  }

  /** Forgets all of them. */
  clear(): void {
    for (const id of this.ids) this.ended(id);
  }

  #expireLater(id: string, { ttlMs, expiry }: KeptPermit): void {
    expiry.set(ttlMs, () => {
      this.#permits.delete(id);
      this.#onExpired(id);
    });
  }
}
