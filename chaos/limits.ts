/**
 * The limits of a queue under a flood: far more callers than may wait, all at once. Exactly those beyond the
 * limit must be refused, with the right reason, and all others served.
 *
 * Ticks are far apart until every caller is refused or waiting, so that none comes in between. Then the
 * interval is shortened.
 */
import { setTimeout } from "node:timers/promises";

import type { PolicyFields } from "../src/core/policy.ts";

import { acquirePath, admin, changePolicy, problemIn, untilBucket } from "../kit/http/callers.ts";
import { HttpConnection, type Answer } from "../kit/http/http-connection.ts";
import { startWorkerd } from "../kit/processes/server.ts";

const INTERVAL_MS = 30_000;
const SERVING_INTERVAL_MS = 10;
/** Long enough for an answer that must not come. */
const SETTLE_MS = 300;

/** The outcomes of the callers of one bucket. */
export interface LimitCounts {
  readonly granted: number;
  /** By reason, or by status if the answer isn't a refusal. */
  readonly refused: Readonly<Record<string, number>>;
}

/** Sends `callers` at once to a bucket where `queueLimit` may wait. */
export function floodQueue(queueLimit: number, callers: number): Promise<LimitCounts> {
  const refillTokens = Math.ceil(queueLimit / 100);
  const maxWaitMs = 3_600_000;
  return flood({ ...every(refillTokens), queueLimit, maxWaitMs }, callers, queueLimit);
}

/** Sends `callers` at once, `inTime` of which can be served within `maxWaitMs`; `inTime` is a multiple of 6. */
export function floodWait(inTime: number, callers: number): Promise<LimitCounts> {
  const TICKS = 6;
  const maxWaitMs = TICKS * INTERVAL_MS;
  return flood({ ...every(inTime / TICKS), queueLimit: 10_000, maxWaitMs }, callers, inTime);
}

function every(refillTokens: number) {
  const refillIntervalMs = INTERVAL_MS;
  return { capacity: refillTokens, refillTokens, refillIntervalMs, initialTokens: 0 };
}

async function flood(policy: PolicyFields, callers: number, waiters: number): Promise<LimitCounts> {
  await using server = await startWorkerd({
    vars: admin.vars,
    policies: { "*": policy },
  });
  const connections = await Promise.all(
    Array.from({ length: callers }, () => HttpConnection.open(server.url)),
  );
  const answers = connections.map((connection) => connection.request(acquirePath("flooded")));
  await untilBucket(server, "flooded", (bucket) => bucket.waiters + bucket.refused === callers);
  await setTimeout(SETTLE_MS);
  await untilBucket(server, "flooded", (bucket) => bucket.waiters === waiters);
  await changePolicy(server, "flooded", { refillIntervalMs: SERVING_INTERVAL_MS });
  return countsOf(await Promise.all(answers));
}

function countsOf(answers: readonly Answer[]): LimitCounts {
  const refused: Record<string, number> = {};
  for (const answer of answers) {
    if (answer.status === 200) continue;
    const reason = answer.status === 429 ? problemIn(answer).reason : String(answer.status);
    refused[reason] = (refused[reason] ?? 0) + 1;
  }
  return { granted: answers.filter(({ status }) => status === 200).length, refused };
}
