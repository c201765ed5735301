/** Permits as the limiter grants them: rows of (instant, caller, result). */
import { describe, expect, test } from "vitest";

import type { ConcurrencyTerms } from "../../src/core/policy-tables.ts";

import { epochMs, Scene } from "../../kit/model/limiters.ts";
import { arrive, brief } from "./holds/brief.ts";

/** So many permits for ten seconds each, and far more tokens than anybody asks for. */
function permitsOf(max: number, terms: Partial<ConcurrencyTerms> = {}): Scene {
  const plenty = { capacity: 1_000, refillTokens: 1_000, refillIntervalMs: 1_000 };
  return new Scene({ ...plenty, concurrency: { max, ttlMs: 10_000, ...terms } });
}

const ttlMs = 10_000;

function permitsAt(scene: Scene, atMs: number) {
  return scene.limiter.inspect(epochMs + atMs).permits;
}

describe("a permit", () => {
  test("is granted with its tokens, and serves the head when it is released", () => {
    const scene = permitsOf(1);
    const turn = scene.limiter.acquire({ caller: "Ann", tokens: 3 }, epochMs);
    expect(turn.settled[0]?.outcome).toMatchObject({
      tokens: 3,
      remaining: 997,
      permit: { id: "g1", expiresAtMs: epochMs + 10_000 },
    });
    expect(arrive(scene, 100, "Bob")).toBe("Bob waits until 10000");
    expect(permitsAt(scene, 200)).toEqual({ max: 1, held: 1, oldestAtMs: epochMs });
    expect(brief(scene.releasePermit(200, "g1"))).toEqual(["Bob granted, 996 left"]);
    expect(scene.releasePermit(200, "g1")).toEqual([]);
    expect(permitsAt(scene, 200)).toEqual({ max: 1, held: 1, oldestAtMs: epochMs + 200 });
  });

  test("comes back at its end, and is lost then", () => {
    const scene = permitsOf(1);
    scene.acquire(0, "Ann");
    scene.acquire(100, "Bob");
    expect(brief(scene.runDaemon(10_000))).toEqual(["Bob granted, 999 left"]);
    expect(scene.extendPermit(10_000, "g1")).toEqual({ kind: "permit-lost" });
    expect(scene.releasePermit(10_000, "g1")).toEqual([]);
    expect(permitsAt(scene, 10_000)).toMatchObject({ held: 1 });
  });

  test("is lost at its end even if nobody has asked since", () => {
    const scene = permitsOf(1);
    scene.acquire(0, "Ann");
    expect(permitsAt(scene, 10_000)).toEqual({ max: 1, held: 0 });
    expect(scene.extendPermit(10_000, "g1")).toEqual({ kind: "permit-lost" });
    expect(permitsAt(scene, 10_000)).toEqual({ max: 1, held: 0 });
  });

  test("lasts as long as it is extended", () => {
    const scene = permitsOf(1);
    scene.acquire(0, "Ann");
    scene.acquire(0, "Bob");
    const extended = scene.extendPermit(9_999, "g1");
    expect(extended).toMatchObject({ kind: "extended", permit: { expiresAtMs: epochMs + 19_999 } });
    expect(scene.advance(19_998)).toEqual([]);
    expect(brief(scene.advance(19_999))).toEqual(["Bob granted, 999 left"]);
  });

  test("isn't over any sooner because it is extended, if the policy allows less by then", () => {
    const scene = permitsOf(1);
    scene.acquire(0, "Ann");
    scene.setPolicy(0, { concurrency: { max: 1, ttlMs: 2_000 } });
    const permit = { id: "g1", fence: epochMs, expiresAtMs: epochMs + 10_000 };
    expect(scene.extendPermit(5_000, "g1")).toEqual({ kind: "extended", permit });
    expect(scene.extendPermit(9_000, "g1")).toMatchObject({
      permit: { expiresAtMs: epochMs + 11_000 },
    });
  });

  test("has a fence that rises, also after a restart and a reset", () => {
    const scene = permitsOf(3);
    const fences: number[] = [];
    const acquire = (atMs: number): void => {
      const turn = scene.limiter.acquire({ caller: "Ann" }, epochMs + atMs);
      const outcome = turn.settled[0]?.outcome;
      if (outcome?.ok && outcome.permit) fences.push(outcome.permit.fence);
      for (const row of turn.rows ?? []) scene.keepRow(row);
    };
    acquire(0);
    acquire(0);
    scene.releasePermit(0, "g1");
    scene.releasePermit(0, "g2");
    scene.restore();
    acquire(0);
    scene.reset();
    acquire(10);
    expect(fences).toEqual([epochMs, epochMs + 1, epochMs + 2, epochMs + 10]);
    acquire(10);
    scene.reset();
    acquire(11);
    expect(fences.slice(4)).toEqual([epochMs + 11, epochMs + 12]);
  });

  test("has a higher fence than one whose row is a hold's by now", () => {
    const hold = { maxMs: 60_000 };
    const scene = new Scene({
      capacity: 9,
      initialTokens: 9,
      hold,
      concurrency: { max: 2, ttlMs },
    });
    const fenceOf = () => {
      const turn = scene.limiter.acquire({ caller: "Ann" }, epochMs);
      for (const row of turn.rows ?? []) scene.keepRow(row);
      const outcome = turn.settled[0]?.outcome;
      return outcome?.ok ? outcome.permit?.fence : undefined;
    };
    expect([fenceOf(), fenceOf()]).toEqual([epochMs, epochMs + 1]);
    scene.releasePermit(0, "g2");
    scene.setPolicy(0, { concurrency: null });
    for (const name of ["Bob", "Cid"]) scene.acquire(0, name, { holdMs: 10_000 });
    scene.restore();
    scene.setPolicy(0, { concurrency: { max: 2, ttlMs } });
    expect(fenceOf()).toBe(epochMs + 2);
  });

  test("is still out after a restart", () => {
    const scene = permitsOf(2);
    scene.acquire(0, "Ann");
    scene.acquire(1_000, "Bob");
    scene.releasePermit(2_000, "g1");
    scene.restore();
    expect(permitsAt(scene, 2_000)).toEqual({ max: 2, held: 1, oldestAtMs: epochMs + 1_000 });
    expect(brief(scene.acquire(2_000, "Cid"))).toEqual(["Cid granted, 999 left"]);
    expect(arrive(scene, 2_000, "Dan")).toBe("Dan waits until 11000");
  });

  test("waits for its tokens, too, and takes neither before both are there", () => {
    const scene = new Scene({ concurrency: { max: 1, ttlMs: 10_000 } });
    scene.acquire(0, "Ann");
    scene.acquire(0, "Bob");
    scene.releasePermit(300, "g1");
    expect(permitsAt(scene, 300)).toEqual({ max: 1, held: 0 });
    expect(brief(scene.runDaemon(1_000))).toEqual(["Bob granted, 0 left"]);
  });

  test("of more than a lower max is not taken away", () => {
    const scene = permitsOf(3);
    for (const name of ["Ann", "Bob", "Cid"]) scene.acquire(0, name);
    scene.setPolicy(0, { concurrency: { max: 1, ttlMs: 10_000 } });
    expect(permitsAt(scene, 0)).toEqual({ max: 1, held: 3, oldestAtMs: epochMs });
    scene.acquire(0, "Dan");
    expect(scene.releasePermit(100, "g1")).toEqual([]);
    expect(scene.releasePermit(100, "g2")).toEqual([]);
    expect(brief(scene.releasePermit(100, "g3"))).toEqual(["Dan granted, 996 left"]);
  });
});

describe("a wait for a permit", () => {
  test("ends at its deadline, with an estimate", () => {
    const scene = permitsOf(1);
    scene.acquire(0, "Ann");
    scene.acquire(0, "Bob", { timeoutMs: 500 });
    scene.acquire(0, "Cid", { timeoutMs: 300 });
    expect(scene.nextWakeAtMs).toBe(300);
    expect(scene.advance(299)).toEqual([]);
    const turn = scene.limiter.advance(epochMs + 300);
    expect(turn.settled).toMatchObject([
      { caller: "Cid", outcome: { ok: false, reason: "timeout", estimate: true } },
    ]);
    expect(brief(scene.advance(500))).toEqual(["Bob timeout, retry in 9500"]);
  });

  test("is over at once for a caller that can't wait", () => {
    const scene = permitsOf(1);
    scene.acquire(0, "Ann");
    expect(brief(scene.try(0, "Bob"))).toEqual(["Bob timeout, retry in 10000"]);
  });

  test("is the fault of the limits by which it is too late, and of none if permits alone are", () => {
    const scene = new Scene({ concurrency: { max: 1, ttlMs: 10_000 } });
    scene.acquire(0, "Ann");
    const refusal = (timeoutMs: number): unknown => {
      const turn = scene.limiter.acquire({ caller: "Bob", timeoutMs }, epochMs);
      return turn.settled[0]?.outcome;
    };
    expect(refusal(0)).toMatchObject({ violatedLimits: ["rate"] });
    scene.advance(1_000);
    const turn = scene.limiter.acquire({ caller: "Cid", timeoutMs: 0 }, epochMs + 1_000);
    expect(turn.settled[0]?.outcome).toMatchObject({ reason: "timeout", violatedLimits: [] });
  });

  test("is refused on arrival only where the limits alone make it late", () => {
    const scene = new Scene({ concurrency: { max: 1, ttlMs: 10_000 } });
    scene.acquire(0, "Ann");
    expect(brief(scene.acquire(0, "Bob", { timeoutMs: 999 }))).toEqual([
      "Bob timeout, retry in 10000",
    ]);
    expect(arrive(scene, 0, "Cid", { timeoutMs: 1_000 })).toBe("Cid waits until 10000");
  });

  test("is estimated by how long permits are held", () => {
    const scene = permitsOf(1);
    scene.acquire(0, "Ann");
    scene.releasePermit(200, "g1");
    scene.acquire(200, "Bob");
    expect(arrive(scene, 200, "Cid")).toBe("Cid waits until 400");
    expect(arrive(scene, 200, "Dan")).toBe("Dan waits until 600");
  });

  test("goes on when permits are introduced, and when they are given up", () => {
    const scene = new Scene({ capacity: 1 });
    scene.acquire(0, "Ann");
    scene.acquire(0, "Bob");
    scene.setPolicy(0, { concurrency: { max: 1, ttlMs: 10_000 } });
    scene.acquire(0, "Cid");
    expect(brief(scene.advance(1_000))).toEqual(["Bob granted, 0 left"]);
    scene.setPolicy(1_500, { concurrency: null });
    expect(brief(scene.advance(2_000))).toEqual(["Cid granted, 0 left"]);
    expect(scene.extendPermit(2_000, "g1")).toEqual({ kind: "permit-lost" });
  });

  test("a thousand whose time is up end in one turn", () => {
    const scene = permitsOf(1, { ttlMs: 60_000 });
    scene.acquire(0, "Ann");
    for (let count = 0; count < 1_000; count += 1) scene.acquire(0, `${count}`, { timeoutMs: 100 });
    expect(scene.advance(100)).toHaveLength(1_000);
    expect(scene.limiter.waiters).toBe(0);
  });
});
