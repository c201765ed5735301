/**
 * What an instance must know of callers that aren't here, from what happened to it: kept beside its
 * host, without any of its code. A caller that left with a key while it waited may come back for 30 s;
 * a cancelled key is refused for 10 s.
 *
 * During recovery, requests with the same key are held without being compared, so those that leave may have
 * asked for different things. The host keeps the place of a requeued one, even if a newcomer with its key
 * leaves later: that one had no place yet. Which is which can't be told from outside once the window may
 * have closed, so what each asked for is remembered until one of them is sure to be the place.
 */
import type { AcquireCall } from "../../src/wire/acquire-call.ts";

const AWAY_MS = 30_000;
const CANCELLED_MS = 10_000;

/** What a place in the queue keeps from its first request, whatever requests share it later. */
export interface Arrival {
  /** By the Worker's stamp, if the object that it stood at has died. */
  readonly firstArrivalMs: number | undefined;
  /** By the object's clock. */
  readonly deliveredAtMs: number;
  readonly order: number;
  /** When its request was first received, monotonic. */
  readonly calledAtMs: number;
  /** Known once it has been let in. */
  deadlineAtMs: number;
}

/** A place that no request holds. */
export interface Absence {
  readonly arrival: Arrival;
  readonly call: AcquireCall;
  readonly leftAtMs: number;
  /**
   * False if the caller left while its instance was recovering: it may not have had a place yet.
   */
  readonly isSure: boolean;
}

/** The absences of one instance. */
export class AbsenceBook {
  /** By key, the last to leave at the end; no two ask for the same. */
  readonly #away = new Map<string, readonly Absence[]>();
  readonly #cancelled = new Map<string, number>();

  disconnected(key: string, absence: Absence): void {
    if (this.isCancelled(key, absence.leftAtMs)) return;
    const others = absence.isSure ? [] : this.#otherThan(key, absence.call);
    this.#away.set(key, [...others, absence]);
  }

  /** The place that a request takes again, if it has the key and asks for the same. */
  comesBack(call: AcquireCall, nowMs: number): Absence | undefined {
    const { idempotencyKey: key, requeued } = call;
    if (key === undefined || requeued) return undefined;
    const away = this.#awayAt(key, nowMs).find((absence) => asksTheSame(call, absence.call));
    if (away) this.arrived(call);
    return away;
  }

  /** Who left last with the key. */
  away(key: string, nowMs: number): Absence | undefined {
    return this.#awayAt(key, nowMs).at(-1);
  }

  /** An acquire was let in or refused, so nobody comes back with its key. */
  arrived(call: AcquireCall): void {
    const { idempotencyKey: key } = call;
    if (key !== undefined) this.#away.set(key, this.#otherThan(key, call));
  }

  cancel(key: string, nowMs: number): void {
    this.#away.delete(key);
    this.#cancelled.set(key, nowMs);
  }

  isCancelled(key: string | undefined, nowMs: number): boolean {
    const cancelledAtMs = key === undefined ? undefined : this.#cancelled.get(key);
    return cancelledAtMs !== undefined && nowMs <= cancelledAtMs + CANCELLED_MS;
  }

  wasEverCancelled(key: string | undefined): boolean {
    return key !== undefined && this.#cancelled.has(key);
  }

  forgetAll(): void {
    this.#away.clear();
    this.#cancelled.clear();
  }

  #awayAt(key: string, nowMs: number): readonly Absence[] {
    const absences = this.#away.get(key) ?? [];
    return absences.filter(({ leftAtMs }) => nowMs <= leftAtMs + AWAY_MS);
  }

  #otherThan(key: string, call: AcquireCall): readonly Absence[] {
    const absences = this.#away.get(key) ?? [];
    return absences.filter((absence) => !asksTheSame(call, absence.call));
  }
}

function asksTheSame(one: AcquireCall, other: AcquireCall): boolean {
  const termsOf = ({ tokens, limits = {}, timeoutMs }: AcquireCall): string =>
    JSON.stringify([
      tokens,
      Object.entries(limits).toSorted(([one], [other]) => one.localeCompare(other)),
      timeoutMs,
    ]);
  return termsOf(one) === termsOf(other);
}
