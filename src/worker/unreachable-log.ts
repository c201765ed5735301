/**
 * What is known of a bucket that cannot be reached, in the log and for the answer.
 *
 * The platform says "internal error" to the Worker, and in its own log neither which object it was nor where
 * that is kept. So the bucket and, where it can be seen, its file are named here, and what helps. Each bucket once a minute: whoever asks comes again and again.
 */
import type { BucketFiles } from "./config/bucket-files.ts";

import { UNREADABLE_STATE } from "../wire/failures.ts";
import { isRecord } from "../core/is-record.ts";
import { BucketUnreachableError } from "../wire/call-with-retry.ts";

/** Between two lines about one bucket. */
const SPACING_MS = 60_000;
/** For how long what was found out about a file is not asked again. */
const KNOWN_MS = 1_000;
/** Buckets that are remembered; beyond that the first goes. */
const MAX_BUCKETS = 1_000;

/** The bucket's state cannot be read, and no waiting mends that. `message` may be told to callers. */
export class UnreadableStateError extends Error {
  override readonly name = "UnreadableStateError";

  constructor(bucket: string, cause?: unknown) {
    const path = `/buckets/${encodeURIComponent(bucket)}`;
    super(`The state of the bucket cannot be read: DELETE ${path} starts it anew`, { cause });
  }
}

interface Known {
  toldAtMs: number;
  readAtMs: number;
  path: string | undefined;
  fault: string | undefined;
}

/** Of this isolate, by name. */
const known = new Map<string, Known>();

/** Where a bucket is kept. */
export interface BucketPlace {
  readonly name: string;
  readonly files: BucketFiles | undefined;
}

/** What is wrong with the file of the bucket, as of a moment ago; `undefined` where nothing is known to be. */
export async function faultOf(place: BucketPlace): Promise<string | undefined> {
  return (await lookUp(place)).fault;
}

/**
 * Says in the log that the bucket cannot be reached.
 *
 * @returns What is to be thrown instead of `error`: the same, with a cause that says more if more is known.
 */
export async function noteUnreachable(
  error: BucketUnreachableError,
  place: BucketPlace,
): Promise<BucketUnreachableError> {
  const entry = await lookUp(place);
  const fault = entry.fault ?? faultIn(error.cause);
  const { name } = place;
  const nowMs = Date.now();
  const sinceMs = nowMs - entry.toldAtMs;
  // A clock that has jumped back says nothing: a line too many, and none is missed.
  if (sinceMs < 0 || sinceMs >= SPACING_MS) {
    entry.toldAtMs = nowMs;
    const file = entry.path === undefined ? "" : ` (file ${entry.path})`;
    const remedy = `DELETE /buckets/${encodeURIComponent(name)} starts it anew`;
    const why = fault === undefined ? "" : `: its state cannot be read (${fault}); ${remedy}`;
    console.error(`Cannot reach the bucket ${name}${file}${why}`, error);
  }
  if (fault === undefined) return error;
  const cause = new UnreadableStateError(name, error.cause);
  return new BucketUnreachableError(error.message, { cause });
}

/** What the object has found. */
function faultIn(cause: unknown): string | undefined {
  const message = isRecord(cause) ? String(cause["message"]) : "";
  return message.startsWith(UNREADABLE_STATE) ? message : undefined;
}

/** The bucket begins anew: nothing that was known of it holds. */
export function forgetUnreachable(name: string): void {
  known.delete(name);
}

async function lookUp({ name, files }: BucketPlace): Promise<Known> {
  let entry = known.get(name);
  if (!entry) {
    entry = { toldAtMs: -Infinity, readAtMs: -Infinity, path: undefined, fault: undefined };
    const [first] = known.keys();
    if (first !== undefined && known.size >= MAX_BUCKETS) known.delete(first);
    known.set(name, entry);
  }
  const sinceMs = Date.now() - entry.readAtMs;
  if (!files || (sinceMs >= 0 && sinceMs < KNOWN_MS)) return entry;
  const state = await files.stateOf(name);
  entry.readAtMs = Date.now();
  entry.path = state?.path;
  entry.fault = state?.fault;
  return entry;
}
