/**
 * The pauses that concern one call: those of the limits that its API has quotas for, and that of
 * the bucket's first limit. A call is held by the limits that it takes tokens of, and may learn of
 * a pause of any.
 */
import type { Client } from "../client.ts";
import type { SharedPause } from "./shared-pause.ts";

import { joinPause } from "./pause-registry.ts";

/** The pauses of a call, joined. */
export class CallPauses {
  readonly #all: ReadonlyMap<string, SharedPause>;
  readonly #held: readonly SharedPause[];

  /** @param takesOf Whether the call takes tokens of a limit. */
  constructor(
    client: Client,
    bucket: string,
    limits: readonly string[],
    takesOf: (limit: string) => boolean,
  ) {
    this.#all = new Map(limits.map((limit) => [limit, joinPause(client, bucket, limit)]));
    this.#held = [...this.#all].filter(([limit]) => takesOf(limit)).map(([, pause]) => pause);
  }

  /** The pause of a limit. @throws {RangeError} If that limit's pause was not joined. */
  of(limit: string): SharedPause {
    const pause = this.#all.get(limit);
    if (!pause) throw new RangeError(`No pause of ${limit} was joined`);
    return pause;
  }

  /** How long the call still has to wait in this process, in milliseconds. */
  heldMs(): number {
    return Math.max(0, ...this.#held.map((pause) => pause.heldMs()));
  }

  /** As `SharedPause.released`, for all limits that the call takes tokens of. */
  async released(signal: AbortSignal | undefined): Promise<void> {
    while (this.heldMs() > 0) for (const pause of this.#held) await pause.released(signal);
  }

  /** As `SharedPause.hasBegunSince`, for any of the limits that the call takes tokens of. */
  hasBegunSince(askedAtMs: number): boolean {
    return this.#held.some((pause) => pause.hasBegunSince(askedAtMs));
  }

  /** The bucket's `maxWaitMs`, in milliseconds, as Sluice last reported it. */
  get maxWaitMs(): number | undefined {
    return [...this.#all.values()].find(({ maxWaitMs }) => maxWaitMs !== undefined)?.maxWaitMs;
  }

  /** Records that the API accepted a request sent at `sentAtMs`. */
  gotThrough(sentAtMs: number): void {
    for (const pause of this.#all.values()) pause.gotThrough(sentAtMs);
  }

  leave(): void {
    for (const pause of this.#all.values()) pause.leave();
  }
}
