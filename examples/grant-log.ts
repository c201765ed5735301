/** Records when each grant came, and compares that with when it should have come. */

interface Entry {
  readonly name: string;
  readonly grantedAtMs: number;
}

/**
 * The grants in order, with their distances from the grid: grant `k` is due at `first + k × intervalMs`. A
 * negative distance means that the grant came too early.
 */
export class GrantLog {
  readonly #intervalMs: number;
  readonly #entries: Entry[] = [];

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  /** Records a grant and returns the line that reports it. */
  add(name: string, grantedAtMs: number): string {
    this.#entries.push({ name, grantedAtMs });
    const sinceFirstMs = grantedAtMs - (this.#entries[0]?.grantedAtMs ?? grantedAtMs);
    const sign = sinceFirstMs < 0 ? "-" : "+";
    const seconds = (Math.abs(sinceFirstMs) / 1000).toFixed(3);
    return `Granting ${name} token at ${new Date(grantedAtMs).toISOString()} (${sign}${seconds} s)`;
  }

  /** A line for each fault, if the callers arrived in the order of `names`. */
  faults(names: readonly string[]): string[] {
    const early = this.#distances().filter(({ distanceMs }) => distanceMs < 0);
    const lines = early.map(
      ({ name, distanceMs }) => `${name} was granted ${-distanceMs} ms too early`,
    );
    if (!this.#isInOrder(names)) {
      const granted = this.#sorted().map(({ name }) => name);
      lines.push(`Not granted in order of arrival: ${granted.join(", ")}`);
    }
    return lines;
  }

  /** The last line of the demo: the largest distance from the grid. */
  summary(names: readonly string[]): string {
    const distances = this.#distances().map(({ distanceMs }) => distanceMs);
    const largest = distances.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a), 0);
    const count = distances.length;
    const grants = `${count} ${count === 1 ? "grant" : "grants"}`;
    const order = this.#isInOrder(names) ? "in order of arrival" : "not in order of arrival";
    const apart = `${this.#intervalMs / 1000} s apart`;
    return `Largest distance from the grid: ${largest} ms (${grants}, ${apart}, ${order})`;
  }

  #distances(): { readonly name: string; readonly distanceMs: number }[] {
    const sorted = this.#sorted();
    const firstAtMs = sorted[0]?.grantedAtMs ?? 0;
    return sorted.map(({ name, grantedAtMs }, k) => ({
      name,
      distanceMs: grantedAtMs - (firstAtMs + k * this.#intervalMs),
    }));
  }

  /** Sorted by the instant of the grant: over a network, a later grant may be reported first. */
  #sorted(): Entry[] {
    return this.#entries.toSorted((a, b) => a.grantedAtMs - b.grantedAtMs);
  }

  #isInOrder(names: readonly string[]): boolean {
    return this.#sorted().every(({ name }, i) => name === names[i]);
  }
}
