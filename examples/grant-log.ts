/** What the demo knows of the grants: when each came, and where it should have come. */

interface Entry {
  readonly name: string;
  readonly grantedAtMs: number;
}

/**
 * The grants in their order, and their distances from the grid: the `k`-th grant belongs at
 * `first + k × intervalMs`. A distance below 0 is a grant that came too early.
 */
export class GrantLog {
  readonly #intervalMs: number;
  readonly #entries: Entry[] = [];

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  /** Notes a grant and returns the line that reports it. */
  add(name: string, grantedAtMs: number): string {
    this.#entries.push({ name, grantedAtMs });
    const sinceFirstMs = grantedAtMs - (this.#entries[0]?.grantedAtMs ?? grantedAtMs);
    const sign = sinceFirstMs < 0 ? "-" : "+";
    const seconds = (Math.abs(sinceFirstMs) / 1000).toFixed(3);
    return `Granting ${name} token at ${new Date(grantedAtMs).toISOString()} (${sign}${seconds} s)`;
  }

  /** A line for each thing that must not be, where the callers came in the order of `names`. */
  faults(names: readonly string[]): string[] {
    const early = this.#distances().filter(({ distanceMs }) => distanceMs < 0);
    const lines = early.map(
      ({ name, distanceMs }) => `${name} was granted ${-distanceMs} ms before its turn on the grid`,
    );
    if (!this.#isInOrder(names)) {
      const granted = this.#sorted().map(({ name }) => name);
      lines.push(`Not in order of arrival, but: ${granted.join(", ")}`);
    }
    return lines;
  }

  /** The last line of the demo: the distance of the grant that was farthest from its place. */
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

  /** By the instant of the grant: over a network, the report of a later one may come first. */
  #sorted(): Entry[] {
    return this.#entries.toSorted((a, b) => a.grantedAtMs - b.grantedAtMs);
  }

  #isInOrder(names: readonly string[]): boolean {
    return this.#sorted().every(({ name }, i) => name === names[i]);
  }
}
