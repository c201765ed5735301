/** The calls of an operator, as the commands about policies make them. */
import type { BucketSnapshot } from "../../protocol/bucket-snapshot.ts";
import type { BusyBuckets } from "../../protocol/busy-bucket.ts";
import type { KnownPolicies } from "../../protocol/known-policies.ts";
import type { DryRun } from "../../protocol/queued-waiter.ts";

import { pathOf } from "../../client/path.ts";
import { SluiceError } from "../../client/sluice-error.ts";
import { unexpectedAnswer } from "../../client/transport/answer.ts";
import { Connection } from "../../client/transport/connection.ts";
import { RetriedCalls } from "../../client/transport/retried-calls.ts";
import { membersOf } from "../../core/is-record.ts";
import { listRange } from "../../protocol/list-params.ts";

/** How to reach Sluice, and what for. */
export interface OperatorPlace {
  /** Without a trailing slash. */
  readonly url: string;
  /** From `SLUICE_ADMIN_TOKEN`; without it, what `SLUICE_TOKEN` has. */
  readonly adminToken: string | undefined;
  /** From `SLUICE_TOKEN`: for calls that read. */
  readonly token: string | undefined;
}

type Body = Readonly<Record<string, unknown>>;

/** Time to go on trying when Sluice can't be reached, in milliseconds. */
const RETRY_FOR_MS = 10_000;

/** Each call throws a `SluiceError` if it is refused, or if Sluice can't be reached. */
export class Operator {
  readonly #admin: RetriedCalls;
  readonly #reader: RetriedCalls;
  readonly #signal: AbortSignal;

  constructor({ url, adminToken, token }: OperatorPlace, signal: AbortSignal) {
    this.#admin = new RetriedCalls(new Connection({ url, token: adminToken }), RETRY_FOR_MS);
    this.#reader = new RetriedCalls(new Connection({ url, token }), RETRY_FOR_MS);
    this.#signal = signal;
  }

  policies(): Promise<KnownPolicies> {
    return this.#call(this.#admin, "GET", "/policies", isKnownPolicies);
  }

  /** Those with the most waiters. */
  busyBuckets(): Promise<BusyBuckets> {
    return this.#call(this.#reader, "GET", `/buckets?limit=${listRange.max}`, isBusyBuckets);
  }

  /** What `changes` would do; none of it is done. */
  dryRun(bucket: string, changes: Body): Promise<DryRun> {
    return this.#call(this.#admin, "POST", `${pathOf(bucket)}/dry-run`, isDryRun, changes);
  }

  override(bucket: string, changes: Body): Promise<BucketSnapshot> {
    return this.#call(this.#admin, "PUT", pathOf(bucket), isSnapshot, changes);
  }

  /** Takes the bucket's override back. */
  dropOverride(bucket: string, to: "previous" | "configured"): Promise<BucketSnapshot> {
    const path = `${pathOf(bucket)}/policy?to=${to}`;
    return this.#call(this.#admin, "DELETE", path, isSnapshot);
  }

  async #call<Result>(
    calls: RetriedCalls,
    method: string,
    path: string,
    isExpected: (body: unknown) => body is Result,
    body?: Body,
  ): Promise<Result> {
    const call = { method, path, headers: {}, ...(body && { body }) };
    const answer = await calls.send(call, { signal: this.#signal }).catch((error: unknown) => {
      throw this.#named(error, calls);
    });
    if (isExpected(answer.body)) return answer.body;
    throw unexpectedAnswer(answer.status, answer.body);
  }

  /** The error; if a key is missing or wrong, with the variable that it is read from. */
  #named(error: unknown, calls: RetriedCalls): unknown {
    if (!(error instanceof SluiceError) || error.reason !== "unauthorized") return error;
    const { reason, detail, status } = error;
    const where =
      calls === this.#admin
        ? "an admin key is read from SLUICE_ADMIN_TOKEN"
        : "an API key that may read is read from SLUICE_TOKEN; an admin key can't read";
    return new SluiceError({ reason, detail: `${detail}; ${where}`, status, cause: error });
  }
}

function isKnownPolicies(body: unknown): body is KnownPolicies {
  const { buckets, policies, overrides } = membersOf(body);
  return Array.isArray(buckets) && Array.isArray(policies) && Array.isArray(overrides);
}

function isBusyBuckets(body: unknown): body is BusyBuckets {
  const { buckets, omitted } = membersOf(body);
  return Array.isArray(buckets) && typeof omitted === "number";
}

function isDryRun(body: unknown): body is DryRun {
  const { snapshot, refused, moved } = membersOf(body);
  return isSnapshot(snapshot) && Array.isArray(refused) && typeof moved === "number";
}

function isSnapshot(body: unknown): body is BucketSnapshot {
  const { bucket, policy } = membersOf(body);
  return typeof bucket === "string" && typeof policy === "object" && policy !== null;
}
