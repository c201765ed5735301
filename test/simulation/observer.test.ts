/**
 * What a `BucketHost` tells who watches, against the bucket that it shows: whoever follows the events
 * knows at the end of each turn who waits, and how many were settled and how.
 */
import fc from "fast-check";
import { expect, it } from "vitest";

import type { BucketPlatform } from "../../src/bucket/platform.ts";
import type { Leave } from "../../src/bucket/held-request.ts";
import type { BucketSnapshot, NamedPolicyFields } from "../../src/protocol/bucket-snapshot.ts";
import type { WatchEvent } from "../../src/protocol/watch-feed.ts";

import { Policy } from "../../src/core/policy.ts";
import { BucketHost } from "../../src/bucket/bucket-host.ts";
import { runs } from "../../kit/runs.ts";
import { timeZones } from "../../src/time-zones.ts";

const NAME = "watched";
const START_MS = 1_000_000;
const configured: NamedPolicyFields = {
  name: "*",
  ...Policy.of({ capacity: 5, refillTokens: 2, refillIntervalMs: 100, queueLimit: 4 }).toJSON(),
};

type Step =
  | {
      readonly kind: "acquire";
      readonly tokens: number;
      readonly timeoutMs: number;
      readonly key: string | undefined;
    }
  | { readonly kind: "cancel"; readonly key: string }
  | { readonly kind: "leave"; readonly pick: number }
  | { readonly kind: "pass"; readonly ms: number; readonly isDaemonLate: boolean }
  | { readonly kind: "policy"; readonly capacity: number }
  | { readonly kind: "pause"; readonly forMs: number; readonly tokens: number }
  | { readonly kind: "reset" }
  | { readonly kind: "turn away" };

/** Few, so that one who comes back finds its place, or another in it. */
const anyKey = fc.constantFrom("a", "b", "c");

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 80,
      arbitrary: fc.record({
        kind: fc.constant("acquire" as const),
        tokens: fc.integer({ min: 1, max: 7 }),
        timeoutMs: fc.constantFrom(0, 150, 400, 60_000),
        key: fc.option(anyKey, { nil: undefined }),
      }),
    },
    {
      weight: 5,
      arbitrary: fc.record({ kind: fc.constant("cancel" as const), key: anyKey }),
    },
    { weight: 30, arbitrary: fc.record({ kind: fc.constant("leave" as const), pick: fc.nat() }) },
    {
      weight: 40,
      arbitrary: fc.record({
        kind: fc.constant("pass" as const),
        ms: fc.integer({ min: -50, max: 350 }),
        isDaemonLate: fc.boolean(),
      }),
    },
    {
      weight: 10,
      arbitrary: fc.record({
        kind: fc.constant("policy" as const),
        capacity: fc.integer({ min: 1, max: 6 }),
      }),
    },
    {
      weight: 10,
      arbitrary: fc.record({
        kind: fc.constant("pause" as const),
        forMs: fc.integer({ min: 0, max: 500 }),
        tokens: fc.integer({ min: 0, max: 5 }),
      }),
    },
    { weight: 10, arbitrary: fc.constant({ kind: "reset" as const }) },
    {
      // After it nobody comes in any more.
      weight: 2,
      arbitrary: fc.constant({ kind: "turn away" as const }),
    },
  ),
  { maxLength: 60 },
);

/** Someone who knows of the bucket what the events say. */
class Follower {
  readonly waiting = new Set<number>();
  readonly counts = { granted: 0, refused: 0, cancelled: 0 };
  readonly #ended = new Set<number>();
  turns = 0;

  turned(events: readonly WatchEvent[]): void {
    this.turns += 1;
    for (const { kind, id } of events) {
      if (this.#ended.has(id)) throw new Error(`${id} has ended, and then is ${kind}`);
      if (kind === "queued") {
        if (this.waiting.has(id)) throw new Error(`${id} is queued twice`);
        this.waiting.add(id);
        continue;
      }
      // Who leaves had been told to wait.
      const hadWaited = this.waiting.delete(id);
      if (kind === "cancelled" && !hadWaited) throw new Error(`${id} leaves and was not queued`);
      this.#ended.add(id);
      this.counts[kind] += 1;
    }
  }

  /** What a look at the bucket shows, as far as events tell. */
  get expected(): Partial<BucketSnapshot> {
    return { waiters: this.waiting.size, ...this.counts };
  }
}

it("whoever follows the events of a BucketHost knows who waits, and how many were settled", () => {
  fc.assert(
    fc.property(steps, (list) => {
      let nowMs = START_MS;
      const host = new BucketHost(platformAt(() => nowMs));
      const follower = new Follower();
      const leaves: Leave[] = [];
      host.observe(follower);
      for (const step of list) {
        switch (step.kind) {
          case "acquire": {
            const { key } = step;
            // With one key, the same is asked.
            const { tokens, timeoutMs } =
              key === undefined ? step : { tokens: 3, timeoutMs: 60_000 };
            const keyed = key !== undefined && { idempotencyKey: key };
            const call = { bucket: NAME, policy: configured, tokens, timeoutMs, ...keyed };
            const leave = host.acquire(call, { answered: () => undefined });
            if (leave) leaves.push(leave);
            break;
          }
          case "leave":
            // One that has been told, or has left, changes nothing by it.
            leaves[step.pick % Math.max(1, leaves.length)]?.();
            break;
          case "cancel":
            host.cancel(step.key);
            break;
          case "pass":
            nowMs += step.ms;
            if (!step.isDaemonLate) host.alarm();
            break;
          case "policy":
            host.operators.changePolicy(NAME, configured, { capacity: step.capacity });
            break;
          case "pause": {
            const pause = { untilMs: nowMs + step.forMs, tokens: step.tokens };
            host.pause(NAME, configured, pause);
            break;
          }
          case "turn away":
            host.shutDown();
            expect(follower.waiting.size).toBe(0);
            break;
          case "reset":
            void host.reset();
            expect(follower.waiting.size).toBe(0);
            Object.assign(follower.counts, { granted: 0, refused: 0, cancelled: 0 });
            break;
        }
        expect(host.peek(NAME, configured)).toMatchObject(follower.expected);
      }
      host.observe(undefined);
      const { turns } = follower;
      host.operators.changePolicy(NAME, configured, { capacity: 3 });
      expect(follower.turns).toBe(turns);
    }),
    { numRuns: runs(500) },
  );
});

function platformAt(now: () => number): BucketPlatform {
  return {
    clock: { now, setTimer: () => () => undefined },
    alarms: { setAlarm: async () => undefined, deleteAlarm: async () => undefined },
    disk: {
      read: () => undefined,
      write: () => undefined,
      keyedGrants: {
        list: () => [],
        put: () => undefined,
        earlier: { list: () => [], delete: () => undefined },
      },
      ticketSecret: { read: () => undefined, write: () => undefined },
      removedCallers: { read: () => undefined, write: () => undefined },
      grantRows: { list: () => [], put: () => undefined },
      erase: async () => undefined,
    },
    timeZones,
    newId: () => crypto.randomUUID(),
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    abort: () => undefined,
  };
}
