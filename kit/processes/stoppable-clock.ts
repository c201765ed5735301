/**
 * Virtual time for a process that can be stopped, as by SIGSTOP, by a machine that sleeps or by a loop that is
 * busy. A stop lets time pass and runs nothing; after it the timers that are due run once, before anything
 * that has come in meanwhile is read. (Vitest's own clock runs each timer in time.)
 */
import { vi } from "vitest";

interface Timer {
  readonly atMs: number;
  readonly run: () => void;
}

/** Stands in for `setTimeout`, `clearTimeout` and `performance.now` until `vi.unstubAllGlobals()`. */
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

  /** Time passes, in which timers run when they are due. */
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

  /** Time passes and nothing runs; then the timers, and then what `read` does. */
  async stop(durationMs: number, read: () => void = () => undefined): Promise<void> {
    this.#nowMs += durationMs;
    this.#runDue();
    await settle();
    read();
    await settle();
  }

  /** Those that are due now, and none that they set. */
  #runDue(): void {
    const due = [...this.#timers].filter(([, { atMs }]) => atMs <= this.#nowMs);
    for (const [id, { run }] of due.toSorted(([, one], [, other]) => one.atMs - other.atMs)) {
      if (this.#timers.delete(id)) run();
    }
  }
}

/** What promises lead to, through as many of them as a stream has. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
