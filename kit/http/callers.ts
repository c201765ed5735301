/** Callers of a running server, each on its own connection, in a controlled order of arrival. */
import { setTimeout } from "node:timers/promises";

import type { PolicyChanges } from "../../src/core/policy.ts";
import type { GrantBody } from "../../src/protocol/acquire-bodies.ts";
import type { BucketSnapshot } from "../../src/protocol/bucket-snapshot.ts";
import type { ProblemBody } from "../../src/protocol/problem-document.ts";

import type { EventReader } from "./event-stream.ts";
import { HttpConnection, send, type Answer } from "./http-connection.ts";

/** Between two snapshots of a bucket. */
const POLL_MS = 2;
/** How long to wait for a bucket to reach the expected state: far longer than any wait here. */
const PATIENCE_MS = 20_000;

/** The part of what `startWorkerd` and `startDev` return that callers need. */
interface Server {
  readonly url: string;
}

/** The admin key: as a variable for `startWorkerd`, and as a header. */
export const admin = {
  vars: { ADMIN_TOKEN: "admin" },
  headers: { Authorization: "Bearer admin" },
};

/** Overrides fields of a bucket's policy, on a server that was started with `admin.vars`. */
export function changePolicy(
  { url }: Server,
  bucket: string,
  body: PolicyChanges,
): Promise<Answer> {
  return send(url, `/buckets/${bucket}`, { method: "PUT", headers: admin.headers, body });
}

/** An acquire that has reached its bucket. */
export interface HeldAcquire {
  readonly answer: Promise<Answer>;
  readonly connection: HttpConnection;
}

/** An event stream, and its connection to leave by. */
export interface HeldStream {
  readonly reader: EventReader;
  readonly connection: HttpConnection;
}

/** Opens an event stream on a new connection. Resolves when the head of the response has arrived. */
export async function openStream(
  url: string,
  path: string,
  headers?: Readonly<Record<string, string>>,
): Promise<HeldStream> {
  const connection = await HttpConnection.open(url);
  return { connection, reader: await connection.stream(path, headers) };
}

/** The path of an acquire; `query` is as in `timeoutMs=0`. */
export function acquirePath(bucket: string, query = ""): string {
  return `/acquire?bucket=${bucket}${query && `&${query}`}`;
}

/** The bucket's current state. */
export async function snapshotOf({ url }: Server, bucket: string): Promise<BucketSnapshot> {
  const { body } = await send(url, `/buckets/${bucket}`);
  return body as BucketSnapshot;
}

/**
 * Polls the bucket until `isSo` holds, and returns that snapshot.
 *
 * @throws {Error} If that takes too long, with the last snapshot.
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
 * Sends an acquire and resolves when it has reached the bucket, so that the next one arrives after it. No
 * other caller may be arriving at the bucket meanwhile.
 */
export async function arrive(server: Server, bucket: string, query?: string): Promise<HeldAcquire> {
  const connection = await HttpConnection.open(server.url);
  const before = arrivals(await snapshotOf(server, bucket));
  const answer = connection.request(acquirePath(bucket, query));
  await untilBucket(server, bucket, (snapshot) => arrivals(snapshot) > before);
  return { answer, connection };
}

/** Calls `arrive` `count` times, one after the other. */
export async function arriveInTurn(
  server: Server,
  bucket: string,
  count: number,
): Promise<HeldAcquire[]> {
  const held: HeldAcquire[] = [];
  while (held.length < count) held.push(await arrive(server, bucket));
  return held;
}

/** Sends an acquire and returns the grant. Throws if it is refused. */
export async function acquire(server: Server, bucket: string, query?: string): Promise<GrantBody> {
  return grantIn(await send(server.url, acquirePath(bucket, query)));
}

/** The grant in an answer. Throws if it is another answer. */
export function grantIn({ status, body }: Answer): GrantBody {
  if (status !== 200) throw new Error(`Not granted: ${status} ${JSON.stringify(body)}`);
  return body as GrantBody;
}

/** The refusal in an answer. */
export function problemIn({ body }: Answer): ProblemBody {
  return body as ProblemBody;
}

function arrivals({ waiters, granted, refused, cancelled }: BucketSnapshot): number {
  return waiters + granted + refused + cancelled;
}
