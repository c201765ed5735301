/**
 * What an operator asks of one bucket. Every refusal is a value that has the server's own words.
 *
 * These are plain requests, without the client's retries: a person is looking, and decides whether to try again.
 */
import type { BucketHistory } from "../protocol/bucket-history.ts";
import type { BucketSnapshot } from "../protocol/bucket-snapshot.ts";
import type { DryRun, QueuedWaiters } from "../protocol/queued-waiter.ts";
import type { FieldFault } from "../core/values.ts";

import { membersOf } from "../core/is-record.ts";
import { urlOfBucket } from "./address.ts";

/** What a call has brought. */
export type CallResult<Value> = { readonly ok: true; readonly value: Value } | CallRefusal;

/** Why a call has changed nothing. */
export interface CallRefusal {
  readonly ok: false;
  /** As in the problem document; `unreachable` if there was no answer. */
  readonly reason: string;
  /** One sentence, without a full stop. */
  readonly detail: string;
  /** What is wrong with each field. */
  readonly errors: readonly FieldFault[];
}

/** What a pause asks for; see `PauseFields` of the core. What is legal is for the server to say. */
export interface PauseAsk {
  readonly untilMs: number;
  readonly tokens?: unknown;
  readonly limits?: readonly string[];
}

/** Members of a policy, as people write them. */
export type PolicyChange = Readonly<Record<string, unknown>>;

/** The calls. `key` is what authorizes each; without one it is sent as anybody. */
export class OperatorCalls {
  readonly #url: string;

  /** @param base URL of Sluice, with a trailing slash. */
  constructor(base: string, bucket: string) {
    this.#url = urlOfBucket(base, bucket);
  }

  /** The first `limit` waiters, in the order of the queue. */
  waiters(limit: number, key: string | undefined): Promise<CallResult<QueuedWaiters>> {
    return this.#call("GET", `/waiters?limit=${limit}`, key);
  }

  /** The last hour, as far as the bucket was busy. */
  history(key: string | undefined): Promise<CallResult<BucketHistory>> {
    return this.#call("GET", "/history", key);
  }

  /** Refuses a waiter. */
  removeWaiter(id: string, key: string | undefined): Promise<CallResult<undefined>> {
    return this.#call("DELETE", `/waiters/${encodeURIComponent(id)}`, key);
  }

  pause(ask: PauseAsk, key: string | undefined): Promise<CallResult<BucketSnapshot>> {
    return this.#call("POST", "/pause", key, ask);
  }

  /** Ends the pauses of these limits. */
  resume(limits: readonly string[], key: string | undefined): Promise<CallResult<BucketSnapshot>> {
    return this.pause({ untilMs: 0, limits }, key);
  }

  /** What `changes` would do. */
  dryRun(changes: PolicyChange, key: string | undefined): Promise<CallResult<DryRun>> {
    return this.#call("POST", "/dry-run", key, changes);
  }

  /** @param note Why, shown with the bucket; empty for none. */
  setPolicy(
    changes: PolicyChange,
    note: string,
    key: string | undefined,
  ): Promise<CallResult<BucketSnapshot>> {
    return this.#call("PUT", "", key, note === "" ? changes : { ...changes, note });
  }

  /** What the end of an override would do. */
  dryRunBack(to: "configured" | "previous", key: string | undefined): Promise<CallResult<DryRun>> {
    return this.#call("POST", `/dry-run?to=${to}`, key);
  }

  /** Ends an override: the configured policy is in force again, or the override before this one. */
  dropOverride(
    to: "configured" | "previous",
    key: string | undefined,
  ): Promise<CallResult<BucketSnapshot>> {
    return this.#call("DELETE", `/policy?to=${to}`, key);
  }

  /** Refuses all waiters and forgets the bucket. */
  reset(key: string | undefined): Promise<CallResult<undefined>> {
    return this.#call("DELETE", "", key);
  }

  async #call<Value>(
    method: string,
    path: string,
    key: string | undefined,
    body?: object,
  ): Promise<CallResult<Value>> {
    const headers: Record<string, string> = {};
    if (key !== undefined) headers["Authorization"] = `Bearer ${key}`;
    if (body) headers["Content-Type"] = "application/json";
    const init: RequestInit = { method, headers, cache: "no-store" };
    if (body) init.body = JSON.stringify(body);
    try {
      const response = await fetch(this.#url + path, init);
      const text = await response.text();
      if (!response.ok) return refusalOf(response.status, text);
      // Both ends are of one version: the page comes from the server that it asks.
      const value: Value = text === "" ? undefined : JSON.parse(text);
      return { ok: true, value };
    } catch {
      // Browsers report only that a connection failed, each in its own words.
      return { ok: false, reason: "unreachable", detail: "Sluice cannot be reached", errors: [] };
    }
  }
}

/** A problem document; or what can be said of something that a proxy has answered. */
function refusalOf(status: number, text: string): CallRefusal {
  let problem: Readonly<Record<string, unknown>> = {};
  try {
    problem = membersOf(JSON.parse(text));
  } catch {
    // No JSON: below.
  }
  const { reason, detail, errors } = problem;
  return {
    ok: false,
    reason: typeof reason === "string" ? reason : "unexpected-answer",
    detail: typeof detail === "string" ? detail : `The answer was a ${status} without a reason`,
    errors: Array.isArray(errors) ? errors : [],
  };
}
