/** The callers of the demo as requests to a running Sluice. */
import { randomUUID } from "node:crypto";
import { setTimeout } from "node:timers/promises";

import type { GrantBody } from "../src/protocol/acquire-bodies.ts";
import type { BucketSnapshot } from "../src/protocol/bucket-snapshot.ts";
import type { ProblemBody } from "../src/protocol/problem-document.ts";

import { DemoError } from "./demo-error.ts";

/** Between two looks whether a caller has arrived. */
const POLL_MS = 2;

/**
 * Lets all `names` ask the Sluice at `url` for a token of a new bucket, in this order, and reports each
 * grant as it comes.
 *
 * @throws {DemoError} Where the server cannot be reached, refuses, or fills the bucket otherwise.
 */
export async function askServer(
  url: URL,
  names: readonly string[],
  refillIntervalMs: number,
  onGrant: (name: string, grantedAtMs: number) => void,
): Promise<void> {
  const bucket = `demo-${randomUUID().slice(0, 8)}`;
  const snapshotUrl = new URL(`/buckets/${bucket}`, url);
  const acquireUrl = new URL(`/acquire?bucket=${bucket}`, url);
  // A look at the bucket takes nothing from it, tells a wrong address or a missing permission before
  // anybody waits, and has the bucket's object up and running before the first caller comes.
  checkPolicy((await get<BucketSnapshot>(snapshotUrl)).policy, refillIntervalMs);

  const over = new AbortController();
  const { signal } = over;
  const ask = async (name: string): Promise<void> => {
    const { grantedAtMs } = await get<GrantBody>(acquireUrl, signal);
    onGrant(name, grantedAtMs);
  };
  // Each caller has a connection of its own, and nothing says which of two connections is read first.
  // So the next one is sent when the one before has arrived, which takes a few milliseconds where the
  // server is near, and moves no grant: the bucket is empty and somebody waits all the while.
  const untilArrived = async (callers: number): Promise<void> => {
    while (arrivals(await get<BucketSnapshot>(snapshotUrl, signal)) < callers) {
      await setTimeout(POLL_MS, undefined, { signal });
    }
  };
  let previous = Promise.resolve();
  const turns = names.map((name, i) => {
    const turn = previous.then(() => ask(name));
    previous = previous.then(() => untilArrived(i + 1));
    return turn;
  });
  previous.catch(() => undefined);
  try {
    await Promise.all(turns);
  } finally {
    // Where one has failed, the others need not wait any longer.
    over.abort();
  }
}

function arrivals({ waiters, granted, refused, cancelled }: BucketSnapshot): number {
  return waiters + granted + refused + cancelled;
}

/** The demo's grid is that of the exercise; a server may have been told another one. */
function checkPolicy(policy: BucketSnapshot["policy"] | undefined, refillIntervalMs: number): void {
  if (policy === undefined) throw new DemoError("The server's answer is not one of Sluice");
  const isExpected =
    policy.capacity === 1 &&
    policy.refillTokens === 1 &&
    policy.refillIntervalMs === refillIntervalMs;
  if (isExpected) return;
  const describe = (capacity: number, refillTokens: number, intervalMs: number): string =>
    `capacity ${capacity}, ${refillTokens} ${refillTokens === 1 ? "token" : "tokens"} every ${intervalMs} ms`;
  const { name, capacity, refillTokens, refillIntervalMs: intervalMs } = policy;
  throw new DemoError(
    `The server's policy "${name}" is not the one this demo is about: ` +
      `${describe(capacity, refillTokens, intervalMs)} instead of ${describe(1, 1, refillIntervalMs)}`,
  );
}

async function get<Body>(url: URL, signal?: AbortSignal): Promise<Body> {
  const response = await fetch(url, signal ? { signal } : {}).catch((error: unknown) => {
    throw new DemoError(`Cannot reach ${url.origin}: ${reasonOf(error)}`);
  });
  const body = await response.json().catch(() => undefined);
  if (response.ok && body !== undefined) return body as Body;
  const { detail = "the answer is not one of Sluice" } = (body ?? {}) as Partial<ProblemBody>;
  throw new DemoError(`${url.origin} answered ${response.status} to ${url.pathname}: ${detail}`);
}

/** `fetch` says only that it failed; why is in the cause, under a code such as ECONNREFUSED. */
function reasonOf(error: unknown): string {
  const { cause = error } = error as { cause?: unknown };
  const { code, message } = cause as { code?: string; message?: string };
  return code ?? message ?? String(cause);
}
