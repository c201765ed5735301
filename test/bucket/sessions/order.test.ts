/**
 * One order over HTTP and sessions: whatever arrives first is served first, by whichever way it came. The calls are
 * made in the object itself, where it is known which of them came first.
 */
import { runInDurableObject } from "cloudflare:test";
import { expect, it, vi } from "vitest";

import type { BucketObject } from "../../../src/bucket/bucket-object.ts";
import type { GrantBody } from "../../../src/protocol/acquire-bodies.ts";

import { EdgeSession } from "../../../kit/edge/edge-session.ts";
import { changePolicy, settle } from "../../../kit/edge/surfaces.ts";
import { stubOf, uniqueName, useVirtualTime } from "../../../kit/edge/virtual-time.ts";
import { Random } from "../../../kit/random.ts";
import { runs } from "../../../kit/runs.ts";
import { encodeAcquireCall } from "../../../src/wire/acquire-call.ts";

useVirtualTime();

const SESSIONS = 8;
/** A little less than what is asked for, so that the queue comes and goes. */
const policy = {
  name: "*",
  capacity: 1_500,
  refillTokens: 1_300,
  refillIntervalMs: 1_000,
  initialTokens: 1_300,
  queueLimit: 10_000,
  maxWaitMs: 60_000,
};

type Grant = Pick<GrantBody, "grantedAtMs" | "remaining" | "waitedMs">;

/** Whether a grant was served before another one: at an earlier instant, or leaving more at the same. */
function isServedBefore(one: Grant, other: Grant): boolean {
  if (one.grantedAtMs !== other.grantedAtMs) return one.grantedAtMs < other.grantedAtMs;
  return one.remaining > other.remaining;
}

/** Callers of one object, by HTTP and on its sessions, who are numbered in the order in which they arrive. */
class MixedCallers {
  arrivals = 0;
  /** By number. */
  readonly overHttp = new Map<number, Grant>();
  readonly #random = new Random(1);
  readonly #name: string;
  readonly #object: BucketObject;
  readonly #sockets: readonly WebSocket[];
  readonly #answered: Promise<void>[] = [];
  /** Of requests that may still wait. */
  #controllers: AbortController[] = [];
  /** Of the acquires that each session made last. */
  readonly #ids: number[][];

  constructor(name: string, object: BucketObject, sockets: readonly WebSocket[]) {
    this.#name = name;
    this.#object = object;
    this.#sockets = sockets;
    this.#ids = sockets.map(() => []);
  }

  /** Some arrive or leave, and time passes, less than from tick to tick. */
  async step(): Promise<void> {
    const random = this.#random;
    for (let left = random.integer(1, 60); left > 0; left -= 1) {
      const one = random.fraction();
      if (one < 0.45) this.#sendFrame();
      else if (one < 0.9)
        for (let more = random.integer(1, 8); more > 0; more -= 1) this.#request();
      else if (one < 0.95) this.#cancel();
      else this.#controllers.splice(random.integer(0, 20), 1)[0]?.abort();
    }
    // Sometimes the runtime gets to process what has arrived, sometimes the next call comes first.
    if (random.chance(0.3)) await scheduler.wait(0);
    this.pass(random.integer(0, 400));
  }

  pass(durationMs: number): void {
    vi.setSystemTime(Date.now() + durationMs);
    this.#object.alarm();
    this.#controllers = this.#controllers.slice(-500);
  }

  /** Resolves when every request has been answered or has been abandoned. */
  async answered(): Promise<void> {
    await Promise.all(this.#answered);
  }

  #ask(): { tokens: number; timeoutMs: number } {
    const random = this.#random;
    return {
      tokens: random.integer(1, 2),
      timeoutMs: random.chance(0.2) ? 0 : random.integer(0, 20_000),
    };
  }

  #sendFrame(): void {
    const random = this.#random;
    const index = random.integer(0, this.#sockets.length - 1);
    const ids = Array.from({ length: random.integer(1, 16) }, () => (this.arrivals += 1));
    const frame = ids.map((id) => ({ op: "acquire", id, ...this.#ask() }));
    this.#ids[index] = ids;
    this.#object.webSocketMessage(this.#sockets[index]!, JSON.stringify(frame));
  }

  #cancel(): void {
    const index = this.#random.integer(0, this.#sockets.length - 1);
    const [id = 0] = this.#ids[index] ?? [];
    this.#object.webSocketMessage(this.#sockets[index]!, JSON.stringify({ op: "cancel", id }));
  }

  #request(): void {
    const arrival = (this.arrivals += 1);
    const controller = new AbortController();
    const url = encodeAcquireCall({ bucket: this.#name, policy, ...this.#ask() });
    const { signal } = controller;
    const response = this.#object.fetch(new Request(url, { signal }));
    this.#controllers.push(controller);
    const left = new Promise<undefined>((resolve) => {
      signal.addEventListener("abort", () => resolve(undefined));
    });
    const read = async (): Promise<void> => {
      const answer = await Promise.race([response, left]);
      if (answer?.status === 200) this.overHttp.set(arrival, await answer.json());
    };
    this.#answered.push(read());
  }
}

it(`of ${runs(100_000)} acquires over HTTP and on sessions, none is served before an earlier one`, async () => {
  const name = uniqueName();
  const { name: _, ...fields } = policy;
  await changePolicy(name, fields);
  const sessions: EdgeSession[] = [];
  while (sessions.length < SESSIONS) sessions.push(await EdgeSession.open(name));
  const overHttp = await runInDurableObject(stubOf(name), async (object, state) => {
    const callers = new MixedCallers(name, object, state.getWebSockets("session"));
    while (callers.arrivals < runs(100_000)) await callers.step();
    for (let left = 70; left > 0; left -= 1) {
      callers.pass(1_000);
      await scheduler.wait(0);
    }
    await callers.answered();
    return callers.overHttp;
  });
  await settle();
  const onSessions = sessions.flatMap(({ messages }) => {
    return messages.flatMap((message) => {
      return "granted" in message ? [[Number(message.id), message.granted] as const] : [];
    });
  });
  const grants = [...overHttp, ...onSessions].toSorted(([one], [other]) => one - other);
  const inversions = grants.filter(([, grant], index) => {
    const before = grants[index - 1]?.[1];
    return before && !isServedBefore(before, grant);
  });
  expect(inversions).toEqual([]);
  for (const some of [[...overHttp], onSessions]) {
    const waited = some.filter(([, grant]) => grant.waitedMs > 0);
    expect(waited.length).toBeGreaterThan(runs(100_000) / 50);
    expect(some.length - waited.length).toBeGreaterThan(runs(100_000) / 50);
  }
});
