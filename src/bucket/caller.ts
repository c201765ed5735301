/** One place in the queue, and the requests that share it: a caller and its retries with the same key. */
import type { Waiter } from "../core/queue/waiter-queue.ts";
import type { AcquireCall } from "../wire/acquire-call.ts";
import type { HeldRequest } from "./held-request.ts";

/** One place in the queue. Several requests share it if they have the same idempotency key. */
export class Caller {
  readonly call: AcquireCall;
  /** The timeout in force, which may be the policy's. */
  readonly timeoutMs: number;
  readonly requests = new Set<HeldRequest>();
  /** Set while the caller waits. */
  waiter: Waiter<Caller> | undefined = undefined;
  /** Identifies the caller to watchers; assigned with its first event. */
  watchId: number | undefined = undefined;

  constructor(call: AcquireCall, timeoutMs: number, first: HeldRequest) {
    this.call = call;
    this.timeoutMs = timeoutMs;
    this.requests.add(first);
  }
}
