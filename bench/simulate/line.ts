/**
 * The way from all isolates of a place to one object. What is sent arrives half a round trip later, in
 * the order in which it was sent.
 *
 * What is sent within `batchMs` of each other arrives in one event, at the instant at which the first
 * of it would: with a million requests a second, events are what takes the time.
 */
import type { VirtualClock } from "../../kit/simulation/virtual-clock.ts";

export class Line {
  /** Number of the place. */
  readonly place: number;
  readonly roundTripMs: number;
  readonly #batchMs: number;
  readonly #clock: VirtualClock;
  #sent: (() => void)[] = [];
  #closesAtMs = -Infinity;

  constructor(place: number, roundTripMs: number, groupMs: number, clock: VirtualClock) {
    this.place = place;
    this.roundTripMs = roundTripMs;
    // Nothing may arrive before it was sent.
    this.#batchMs = Math.min(groupMs, roundTripMs / 2);
    this.#clock = clock;
  }

  /** Calls `arrive` when the call has come to the object. */
  send(arrive: () => void): void {
    const nowMs = this.#clock.monotonicMs;
    if (nowMs < this.#closesAtMs) {
      this.#sent.push(arrive);
      return;
    }
    const sent = [arrive];
    this.#sent = sent;
    this.#closesAtMs = nowMs + this.#batchMs;
    this.#clock.after(this.roundTripMs / 2, () => {
      for (const one of sent) one();
    });
  }
}
