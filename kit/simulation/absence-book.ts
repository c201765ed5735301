/**
 * What an instance must know of callers that aren't here, from what happened to it: kept beside its
 * host, without any of its code. A caller that left with a key while it waited may come back for 30 s;
 * a cancelled key is refused for 10 s.
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
  readonly #away = new Map<string, Absence>();
  readonly #cancelled = new Map<string, number>();

  disconnected(key: string, absence: Absence): void {
    if (!this.isCancelled(key, absence.leftAtMs)) this.#away.set(key, absence);
  }

  /** The place that a request takes again, if it has the key and asks for the same. */
  comesBack({ idempotencyKey: key, ...call }: AcquireCall, nowMs: number): Absence | undefined {
    const away = key === undefined ? undefined : this.away(key, nowMs);
    if (key === undefined || !away || call.requeued) return undefined;
    if (!asksTheSame(call, away.call)) return undefined;
    this.#away.delete(key);
    return away;
  }

  away(key: string, nowMs: number): Absence | undefined {
    const away = this.#away.get(key);
    return away && nowMs <= away.leftAtMs + AWAY_MS ? away : undefined;
  }

  /** An acquire was let in or refused, so nobody comes back with its key. */
  arrived({ idempotencyKey: key, ...call }: AcquireCall): void {
    const away = key === undefined ? undefined : this.#away.get(key);
    if (key === undefined || !away) return;
    if (asksTheSame(call, away.call)) this.#away.delete(key);
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
}

type Asked = Omit<AcquireCall, "idempotencyKey">;

function asksTheSame(one: Asked, other: Asked): boolean {
  const termsOf = ({ tokens, limits = {}, timeoutMs }: Asked): string =>
    JSON.stringify([
      tokens,
      Object.entries(limits).toSorted(([one], [other]) => one.localeCompare(other)),
      timeoutMs,
    ]);
  return termsOf(one) === termsOf(other);
}
