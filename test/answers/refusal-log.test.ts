import { describe, expect, it } from "vitest";

import { RefusalLog } from "../../src/answers/refusal-log.ts";

/** A log, and what it has printed. */
function openLog(): { log: RefusalLog; lines: () => unknown[] } {
  const printed: string[] = [];
  const log = new RefusalLog((line) => printed.push(line));
  return { log, lines: () => printed.map((line): unknown => JSON.parse(line)) };
}

const timeout = { reason: "timeout", policy: "login:*" } as const;

describe("RefusalLog", () => {
  it("tells the first of each reason and policy at once", () => {
    const { log, lines } = openLog();
    log.note(timeout, 5);
    log.note({ reason: "queue-full", policy: "login:*" }, 5);
    log.note({ reason: "timeout", policy: "*" }, 5);
    log.note({ reason: "unauthorized" }, 5);
    expect(lines()).toEqual([
      { event: "refused", reason: "timeout", policy: "login:*" },
      { event: "refused", reason: "queue-full", policy: "login:*" },
      { event: "refused", reason: "timeout", policy: "*" },
      { event: "refused", reason: "unauthorized" },
    ]);
  });

  it("names the limits of a bucket of several, each set of them a class of its own", () => {
    const { log, lines } = openLog();
    log.note({ ...timeout, violatedPolicies: ["login:*"] }, 5);
    const day = { ...timeout, violatedPolicies: ["login:*/day"] };
    log.note(day, 5);
    log.note(day, 6);
    log.note({ ...timeout, violatedPolicies: ["login:*", "login:*/day"] }, 7);
    log.note(timeout, 8);
    log.note(day, 1_005);
    expect(lines()).toEqual([
      { event: "refused", ...timeout },
      { event: "refused", ...day },
      { event: "refused", ...timeout, violatedPolicies: ["login:*", "login:*/day"] },
      { event: "refused", ...day, leftOut: 1, sinceMs: 1_000 },
    ]);
  });

  it("tells one a second of a flood, with the number of those left out", () => {
    const { log, lines } = openLog();
    for (let nowMs = 0; nowMs <= 10_000; nowMs += 1) log.note(timeout, nowMs);
    const later = { event: "refused", ...timeout, leftOut: 999, sinceMs: 1_000 };
    expect(lines()).toEqual([
      { event: "refused", ...timeout },
      ...Array.from({ length: 10 }, () => later),
    ]);
  });

  it("tells what was left out at a flood's end with the next of its class, however late", () => {
    const { log, lines } = openLog();
    for (const nowMs of [0, 1, 2]) log.note(timeout, nowMs);
    log.note({ reason: "unauthorized" }, 3);
    log.note(timeout, 60_000);
    expect(lines().at(-1)).toEqual({ event: "refused", ...timeout, leftOut: 2, sinceMs: 60_000 });
    log.note(timeout, 61_000);
    expect(lines().at(-1)).toMatchObject({ leftOut: 0, sinceMs: 1_000 });
  });

  it("is not silenced by a clock that jumps back", () => {
    const { log, lines } = openLog();
    for (const nowMs of [100_000, 100_001, 50_000, 50_001, 51_000]) log.note(timeout, nowMs);
    expect(lines()).toHaveLength(3);
    expect(lines().slice(1)).toMatchObject([{ leftOut: 1 }, { leftOut: 1 }]);
  });

  it("counts in a small number of classes, whatever is refused", () => {
    const { log, lines } = openLog();
    for (let index = 0; index < 1_000; index += 1)
      log.note({ reason: "unknown-bucket" }, index / 2);
    expect(lines()).toHaveLength(1);
  });
});
