/** The demo's callers as requests to a running Sluice. */
import { randomUUID } from "node:crypto";
import { setTimeout } from "node:timers/promises";

import type { GrantBody } from "../src/protocol/acquire-bodies.ts";
import type { BucketSnapshot } from "../src/protocol/bucket-snapshot.ts";
import type { ProblemBody } from "../src/protocol/problem-document.ts";

import { DemoError } from "./demo-error.ts";

/** Between two checks whether a caller has arrived. */
const POLL_MS = 2;

/**
 * Lets the callers `names` ask the Sluice at `url` for a token of a new bucket, in this order, and reports
 * each grant.
 *
 * @throws {DemoError} If the server can't be reached, refuses, or has another policy.
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
  // Reading the bucket takes nothing from it. It reveals a wrong address or a missing permission before
  // anyone waits, and starts the bucket's object before the first caller arrives.
  checkPolicy((await get<BucketSnapshot>(snapshotUrl)).policy, refillIntervalMs);

  const over = new AbortController();
  const { signal } = over;
  const ask = async (name: string): Promise<void> => {
    const { grantedAtMs } = await get<GrantBody>(acquireUrl, signal);
    onGrant(name, grantedAtMs);
  };
  // Each caller has its own connection, and the order in which a server reads connections is undefined. So
  // each caller is sent once the one before has arrived. That takes a few milliseconds if the server is near,
  // and delays no grant: the bucket is empty, and at least one caller is always waiting.
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
    // If one has failed, the others stop waiting.
    over.abort();
  }
}

function arrivals({ waiters, granted, refused, cancelled }: BucketSnapshot): number {
  return waiters + granted + refused + cancelled;
}

/** Checks that the server has the demo's policy. */
function checkPolicy(policy: BucketSnapshot["policy"] | undefined, refillIntervalMs: number): void {
  if (policy === undefined) throw new DemoError("The server's answer is not Sluice's");
  const isExpected =
    policy.capacity === 1 &&
    policy.refillTokens === 1 &&
    policy.refillIntervalMs === refillIntervalMs;
  if (isExpected) return;
  const describe = (capacity: number, refillTokens?: number, intervalMs?: number): string =>
    `capacity ${capacity}, ${refillTokens} ${refillTokens === 1 ? "token" : "tokens"} every ${intervalMs} ms`;
  const { name, capacity, refillTokens, refillIntervalMs: intervalMs } = policy;
  throw new DemoError(
    `The demo needs another policy than the server's "${name}": ` +
      `${describe(1, 1, refillIntervalMs)}: got ${describe(capacity, refillTokens, intervalMs)}`,
  );
}

async function get<Body>(url: URL, signal?: AbortSignal): Promise<Body> {
  const response = await fetch(url, signal ? { signal } : {}).catch((error: unknown) => {
    throw new DemoError(`Cannot reach ${url.origin}: ${reasonOf(error)}`);
  });
  const body = await response.json().catch(() => undefined);
  if (response.ok && body !== undefined) return body as Body;
  const { detail = "the answer is not Sluice's" } = (body ?? {}) as Partial<ProblemBody>;
  throw new DemoError(`${url.origin} answered ${response.status} to ${url.pathname}: ${detail}`);
}

/** The reason of a failed `fetch` is in its error's cause, as a code such as ECONNREFUSED. */
function reasonOf(error: unknown): string {
  const { cause = error } = error as { cause?: unknown };
  const { code, message } = cause as { code?: string; message?: string };
  return code ?? message ?? String(cause);
}
