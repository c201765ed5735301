import { fileURLToPath } from "node:url";

import { build } from "esbuild";
import { describe, expect, test } from "vitest";

import { Invariants, invariants } from "../../src/core/invariants.ts";
import { Limiter } from "../../src/core/limiter.ts";
import { Policy } from "../../src/core/policy.ts";
import { WaiterQueue } from "../../src/core/queue/waiter-queue.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

const waiter = { deadlineAtMs: 5_000 };

describe("Invariants", () => {
  test.each<[string, (all: Invariants) => void, string]>([
    ["a count below 0", (all) => all.queue(-1, 0, {}, {}), "-1 waiters"],
    ["tokens below 0", (all) => all.queue(2, -1, {}, {}), "2 waiters want -1 tokens"],
    [
      "tokens without a waiter",
      (all) => all.queue(0, 3, undefined, undefined),
      "nobody waits, for 3",
    ],
    ["waiters without a head", (all) => all.queue(1, 1, undefined, {}), "1 waiters, head or tail"],
    [
      "an order that is wrong",
      (all) => all.joinedInOrder(7, 6),
      "queued at 6 between 7 and Infinity",
    ],
    ["too many that aren't covered", (all) => all.uncovered(3, 2), "3 of 2 waiters"],
    ["a head that fits", (all) => all.headWaits(true, 4), "the head waits for 4 tokens, which are"],
    ["a head that is due earlier", (all) => all.headIsDue(2, 1), "the head is due at 1, kept as 2"],
    ["half a token", (all) => all.limit(0.5, 1), "there are 0.5 tokens"],
    ["too many tokens", (all) => all.limit(6, 5), "6 tokens of at most 5"],
    ["an empty hold", (all) => all.lent([{ untilMs: 1, tokens: 0 }], 0), "0 tokens out until 1"],
    ["a wrong sum", (all) => all.lent([{ untilMs: 1, tokens: 2 }], 3), "2 tokens out, counted"],
    ["a large batch", (all) => all.writtenAhead(3, 2, 9, 6), "a batch of 3 tokens, of 2"],
    ["a batch not written", (all) => all.writtenAhead(2, 2, 9, 9), "9 in memory, 9 written: 2"],
    ["a lease overdrawn", (all) => all.tookFromLeases(1), "granted 1 tokens that no lease holds"],
  ])("names %s", (_, breakIt, detail) => {
    expect(() => breakIt(new Invariants())).toThrow(`Invariant broken: ${detail}`);
  });

  test("names a grant later than promised, and none by then", () => {
    const all = new Invariants();
    all.grantedAsPromised(waiter, 9_999);
    all.promised(waiter, 1_000);
    all.grantedAsPromised(waiter, 1_000);
    const late = "Invariant broken: promised 1000, granted 1001";
    expect(() => all.grantedAsPromised(waiter, 1_001)).toThrow(late);
  });

  test("let a waiter be moved back as far as its deadline", () => {
    const all = new Invariants();
    all.promised(waiter, 1_000);
    all.movedBack([waiter]);
    all.grantedAsPromised(waiter, 5_000);
    expect(() => all.grantedAsPromised(waiter, 5_001)).toThrow("promised 5000, granted 5001");
  });

  test("let a waiter be late after a late daemon", () => {
    const all = new Invariants();
    all.promised(waiter, 1_000);
    all.cameLate([waiter]);
    expect(() => all.grantedAsPromised(waiter, 9_999)).not.toThrow();
  });
});

describe("invariants", () => {
  test("are enforced in tests", () => {
    expect(invariants).toBeInstanceOf(Invariants);
    const queue = new WaiterQueue<string>();
    const join = (): unknown =>
      queue.join({ caller: "Ann", tokens: -1, queuedAtMs: 0, deadlineAtMs: 0 });
    expect(join).toThrow("Invariant broken: 1 waiters want -1 tokens");
  });

  test("find a limiter that promises too early", () => {
    const limiter = new Limiter<string>(
      Policy.of({ capacity: 1, refillTokens: 1, refillIntervalMs: 1_000 }),
    );
    limiter.acquire({ caller: "Ann" }, 0);
    const { waiter: bob } = limiter.acquire({ caller: "Bob" }, 0);
    if (!bob) throw new Error("Bob doesn't wait");
    invariants?.promised(bob, 999);
    expect(() => limiter.advance(1_000)).toThrow("Invariant broken: promised 999, granted 1000");
  });

  // As wrangler bundles: nothing is minified. What the bundle keeps is the check that they aren't enforced.
  test("are in no bundle of the Worker", async () => {
    const { outputFiles } = await build({
      absWorkingDir: root,
      entryPoints: ["src/index.ts"],
      bundle: true,
      write: false,
      format: "esm",
      target: "es2024",
      external: ["cloudflare:*", "node:*"],
    });
    const [{ text } = { text: "" }] = outputFiles;
    expect(text).toContain("invariants?.grantedAsPromised(");
    expect(text).not.toContain("Invariant broken");
    expect(text).not.toContain("grantedAsPromised(waiter");
    expect(text).not.toMatch(/invariants = new /);
  });
});
