/** Callers of a started server, each on a connection of its own, in an order that is certain. */
import { setTimeout } from "node:timers/promises";

import type { PolicyFields } from "../../src/core/policy.ts";
import type { GrantBody } from "../../src/protocol/acquire-bodies.ts";
import type { BucketSnapshot } from "../../src/protocol/bucket-snapshot.ts";
import type { ProblemBody } from "../../src/protocol/problem-document.ts";

import { HttpConnection, send, type Answer } from "./http-connection.ts";

/** Between two looks at a bucket. */
const POLL_MS = 2;
/** Before a bucket that does not get to what it should is given up: far more than any wait here. */
const PATIENCE_MS = 20_000;

/** What `startWorkerd` and `startDev` return, as far as its callers care. */
interface Server {
  readonly url: string;
}

/** The token of those who may change buckets, as `startWorkerd` takes it and as it is sent. */
export const admin = {
  vars: { ADMIN_TOKEN: "admin" },
  headers: { Authorization: "Bearer admin" },
};

/** Lays `changes` over the policy of a bucket, on a server that was started with `admin.vars`. */
export function changePolicy(
  { url }: Server,
  bucket: string,
  body: Partial<PolicyFields>,
): Promise<Answer> {
  return send(url, `/buckets/${bucket}`, { method: "PUT", headers: admin.headers, body });
}

/** An acquire that has reached its bucket. */
export interface HeldAcquire {
  readonly answer: Promise<Answer>;
  readonly connection: HttpConnection;
}

/** The path of an acquire; `query` as in `timeoutMs=0`. */
export function acquirePath(bucket: string, query = ""): string {
  return `/acquire?bucket=${bucket}${query && `&${query}`}`;
}

/** What the bucket looks like now. */
export async function snapshotOf({ url }: Server, bucket: string): Promise<BucketSnapshot> {
  const { body } = await send(url, `/buckets/${bucket}`);
  return body as BucketSnapshot;
}

/**
 * Looks at the bucket until it is as `isSo` says, and returns that look at it. Throws the last one
 * where that takes too long.
 */
export async function untilBucket(
  server: Server,
  bucket: string,
  isSo: (snapshot: BucketSnapshot) => boolean,
): Promise<BucketSnapshot> {
  const givesUpAtMs = Date.now() + PATIENCE_MS;
  for (;;) {
    const snapshot = await snapshotOf(server, bucket);
    if (isSo(snapshot)) return snapshot;
    if (Date.now() > givesUpAtMs) {
      throw new Error(`Not as expected within ${PATIENCE_MS} ms: ${JSON.stringify(snapshot)}`);
    }
    await setTimeout(POLL_MS);
  }
}

/**
 * Sends an acquire and resolves when the bucket has it: whoever is sent next arrives next. Nobody else
 * may be arriving at the bucket meanwhile.
 */
export async function arrive(server: Server, bucket: string, query?: string): Promise<HeldAcquire> {
  const connection = await HttpConnection.open(server.url);
  const before = arrivals(await snapshotOf(server, bucket));
  const answer = connection.request(acquirePath(bucket, query));
  await untilBucket(server, bucket, (snapshot) => arrivals(snapshot) > before);
  return { answer, connection };
}

/** `count` times `arrive`, one after the other. */
export async function arriveInTurn(
  server: Server,
  bucket: string,
  count: number,
): Promise<HeldAcquire[]> {
  const held: HeldAcquire[] = [];
  while (held.length < count) held.push(await arrive(server, bucket));
  return held;
}

/** Sends an acquire and returns the grant. Throws where it is refused. */
export async function acquire(server: Server, bucket: string, query?: string): Promise<GrantBody> {
  return grantIn(await send(server.url, acquirePath(bucket, query)));
}

/** The grant that was answered. Throws what was answered instead. */
export function grantIn({ status, body }: Answer): GrantBody {
  if (status !== 200) throw new Error(`Not granted: ${status} ${JSON.stringify(body)}`);
  return body as GrantBody;
}

/** The refusal that was answered. */
export function problemIn({ body }: Answer): ProblemBody {
  return body as ProblemBody;
}

function arrivals({ waiters, granted, refused, cancelled }: BucketSnapshot): number {
  return waiters + granted + refused + cancelled;
}
