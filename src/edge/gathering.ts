/**
 * The first moments of an instance whose predecessor went while callers waited.
 *
 * The Worker puts them back, each after a short random pause, so they come in any order, and newcomers
 * come among them. Whoever was let in at once might be granted ahead of somebody who stood before it.
 * So all who come are gathered until the pauses are over, and let in together: those who are put back
 * in the order of their first arrival, then the newcomers.
 */
import type { Clock } from "./clock.ts";

/**
 * How long to gather, from the instance's start or its first caller: the Worker's longest first pause
 * (`FIRST_PAUSE_MS` in reach.ts) and a long round trip. Who comes later still gets its place in the
 * queue, but may find that somebody behind it has been served.
 */
const GATHERING_MS = 250;

/** Why requests are sent away that have not been let in. */
export type DrainReason = "reset" | "unavailable" | "cancelled";

/** A request at the door. */
export interface GatheredRequest {
  /** When it first arrived, epoch milliseconds; `undefined` for a newcomer. */
  readonly putBackFromMs: number | undefined;
  /** Its idempotency key, if it has one. */
  readonly key: string | undefined;
  /** Lets it in; all are let in by one reading of the clock. */
  readonly admit: (nowMs: number) => void;
  /** Sends it away, for good. Answers `false` where its caller has left already. */
  readonly drain: (why: DrainReason) => boolean;
}

/** Requests that are held until all who are put back have come. */
export class Gathering {
  readonly #endsAtMs: number;
  readonly #clock: Clock;
  #requests: GatheredRequest[] = [];
  #isOver = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#endsAtMs = clock.now() + GATHERING_MS;
  }

  /** Whether requests are still to be held at `nowMs`. */
  isOpen(nowMs: number): boolean {
    return !this.#isOver && (this.#requests.length > 0 || nowMs < this.#endsAtMs);
  }

  /** Holds a request. It is let in when the gathering ends, by a timer that the first one starts. */
  hold(request: GatheredRequest, nowMs: number): void {
    if (this.#requests.length === 0) {
      // A clock that has jumped back meanwhile must not make anybody wait for it.
      const restMs = Math.min(GATHERING_MS, Math.max(0, this.#endsAtMs - nowMs));
      this.#clock.setTimer(() => this.#admitAll(), restMs);
    }
    this.#requests.push(request);
  }

  /** Sends all away who are held. */
  drain(why: DrainReason): void {
    for (const { drain } of this.#take()) drain(why);
  }

  /** Sends those away who are held with this key. Answers whether there was one. */
  cancel(key: string): boolean {
    const leaving = this.#requests.filter((request) => request.key === key);
    if (leaving.length === 0) return false;
    this.#requests = this.#requests.filter((request) => request.key !== key);
    return leaving.filter(({ drain }) => drain("cancelled")).length > 0;
  }

  #admitAll(): void {
    this.#isOver = true;
    const requests = this.#take();
    const putBack = requests.filter((request) => request.putBackFromMs !== undefined);
    const newcomers = requests.filter((request) => request.putBackFromMs === undefined);
    putBack.sort((a, b) => Number(a.putBackFromMs) - Number(b.putBackFromMs));
    const nowMs = this.#clock.now();
    for (const { admit } of [...putBack, ...newcomers]) admit(nowMs);
  }

  #take(): GatheredRequest[] {
    const requests = this.#requests;
    this.#requests = [];
    return requests;
  }
}
