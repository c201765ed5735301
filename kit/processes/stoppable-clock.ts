/**
 * Virtual time for a process that can be suspended: by SIGSTOP, by a machine that sleeps, or by a busy loop.
 * Time passes during a stop, but nothing runs. Afterwards, the timers that are due run once, before anything
 * that has arrived is read. (Vitest's own fake timers run each timer on time.)
 */
import { vi } from "vitest";

interface Timer {
  readonly atMs: number;
  readonly run: () => void;
}

/** Replaces `setTimeout`, `clearTimeout` and `performance.now` until `vi.unstubAllGlobals()`. */
export class StoppableClock {
  #nowMs = 0;
  #nextId = 1;
  readonly #timers = new Map<number, Timer>();

  constructor() {
    vi.stubGlobal("performance", { now: () => this.#nowMs });
    vi.stubGlobal("setTimeout", (run: () => void, delayMs = 0) => {
      const id = this.#nextId;
      this.#nextId += 1;
      this.#timers.set(id, { atMs: this.#nowMs + Math.max(1, delayMs), run });
      return id;
    });
    vi.stubGlobal("clearTimeout", (id: number) => this.#timers.delete(id));
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  /** How many timers are set. */
  get timers(): number {
    return this.#timers.size;
  }

  /** Lets time pass; timers run when they are due. */
  async pass(durationMs: number): Promise<void> {
    const untilMs = this.#nowMs + durationMs;
    await settle();
    for (;;) {
      const dueAtMs = Math.min(...[...this.#timers.values()].map(({ atMs }) => atMs));
      if (dueAtMs > untilMs) break;
      this.#nowMs = Math.max(this.#nowMs, dueAtMs);
      this.#runDue();
      await settle();
    }
    this.#nowMs = untilMs;
  }

  /** Lets time pass while nothing runs; then runs the due timers, and then `read`. */
  async stop(durationMs: number, read: () => void = () => undefined): Promise<void> {
    this.#nowMs += durationMs;
    this.#runDue();
    await settle();
    read();
    await settle();
  }

  /** Runs the timers that are due now, but not those that they set. */
  #runDue(): void {
    const due = [...this.#timers].filter(([, { atMs }]) => atMs <= this.#nowMs);
    for (const [id, { run }] of due.toSorted(([, one], [, other]) => one.atMs - other.atMs)) {
      if (this.#timers.delete(id)) run();
    }
  }
}

/** Lets pending promises settle, through as many turns as a stream takes. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
