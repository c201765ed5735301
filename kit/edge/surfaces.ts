/** The object, RPC and the HTTP interface as surfaces for the shared list of behaviours. */
import { exports } from "cloudflare:workers";
import { expect } from "vitest";

import type { AcquireOutcome } from "../../src/client/acquire-outcome.ts";
import type { LimiterView } from "../../src/core/limiter-state.ts";
import type { Outcome } from "../../src/core/outcome.ts";
import type { PolicyChanges, PolicyFields } from "../../src/core/policy.ts";
import type { GrantBody } from "../../src/protocol/acquire-bodies.ts";
import type { BucketSnapshot, NamedPolicyFields } from "../../src/protocol/bucket-snapshot.ts";
import type { ProblemBody } from "../../src/protocol/problem-document.ts";
import type { Ask, AskedPause, Held, OpenedBucket } from "../model/behaviours.ts";

import { FIRST_LIMIT } from "../../src/core/limits/limit-name.ts";
import { Policy } from "../../src/core/policy.ts";
import { STREAM_IF_QUEUED } from "../../src/protocol/acquire-bodies.ts";
import { timeZones } from "../../src/time-zones.ts";
import { encodeAcquireCall } from "../../src/wire/acquire-call.ts";
import { EventReader } from "../http/event-stream.ts";
import { described } from "./described.ts";
import { EdgeSession } from "./edge-session.ts";
import { pass, stubOf, uniqueName } from "./virtual-time.ts";

export const ADMIN = { Authorization: "Bearer test-admin" };

/** Calls the Worker's HTTP interface, and checks each answer against the OpenAPI description. */
export async function request(path: string, init: RequestInit = {}): Promise<Response> {
  const { method = "GET" } = init;
  const url = `https://sluice.test${path}`;
  const response = await exports.default.fetch(new Request(url, init));
  await described.check(method, url, response);
  return response;
}

/** The grant in a response; its status must match. */
export async function grantOf(response: Response | Promise<Response>): Promise<GrantBody> {
  const answer = await response;
  expect(answer.status).toBe(200);
  return answer.json();
}

/** The problem document of a refusal; asserts its status, its reason and what all of them have in common. */
export async function problemOf(
  response: Response | Promise<Response>,
  status: number,
  reason: string,
): Promise<ProblemBody> {
  const answer = await response;
  const problem: ProblemBody = await answer.json();
  expect(problem).toMatchObject({ status, reason });
  expect(answer.status).toBe(status);
  expect(answer.headers.get("Content-Type")).toBe("application/problem+json");
  expect(answer.headers.get("Cache-Control")).toBe("no-store");
  expect(problem.title).not.toBe("");
  expect(problem.detail).not.toMatch(/\.$/);
  return problem;
}

/** Overrides fields of a bucket's policy over HTTP. */
export async function changePolicy(name: string, changes: PolicyChanges): Promise<void> {
  const body = JSON.stringify(changes);
  const init = { method: "PUT", headers: ADMIN, body };
  const response = await request(`/buckets/${encodeURIComponent(name)}`, init);
  expect(response.status).toBe(200);
}

/** A snapshot over HTTP. */
export async function snapshotOf(name: string): Promise<BucketSnapshot> {
  const response = await request(`/buckets/${encodeURIComponent(name)}`);
  return response.json();
}

function toOutcome(body: GrantBody | ProblemBody | AcquireOutcome): Outcome {
  if ("reason" in body) {
    const { reason, retryAfterMs } = body;
    const violated = "type" in body ? body["violated-policies"] : body.violatedPolicies;
    return {
      ok: false,
      reason: reason as "timeout",
      ...(retryAfterMs !== undefined && { retryAfterMs }),
      ...(violated?.some((name) => name.includes("/")) && {
        violatedLimits: violated.map(limitOfPolicy),
      }),
    };
  }
  const { tokens, remaining, waitedMs, grantedAtMs, limits } = body;
  return { ok: true, tokens, remaining, waitedMs, grantedAtMs, ...(limits && { limits }) };
}

/** The limit that an answer calls `policy/limit`; the first one has no name in it. */
function limitOfPolicy(policy: string): string {
  return policy.split("/")[1] ?? FIRST_LIMIT;
}

/** The members that `/acquire` takes. */
function fieldsOf({ limits = {}, ...ask }: Ask): Record<string, number> {
  const named = Object.entries(limits).map(([name, tokens]) => [`tokens.${name}`, tokens] as const);
  return { ...ask, ...Object.fromEntries(named) };
}

/** A held request that a test can observe and abandon. */
export async function hold(
  name: string,
  send: (signal: AbortSignal) => Promise<Response>,
): Promise<Held> {
  const arrivals = (view: LimiterView): number =>
    view.waiters + view.granted + view.refused + view.cancelled;
  const before = await snapshotOf(name);
  const controller = new AbortController();
  let outcome: Outcome | undefined;
  const done = send(controller.signal).then(
    async (response) => {
      outcome = toOutcome(await response.json());
    },
    () => undefined,
  );
  let after = before;
  while (arrivals(after) === arrivals(before)) after = await snapshotOf(name);
  if (after.waiters <= before.waiters) await done;
  return {
    get outcome() {
      return outcome;
    },
    leave: async () => {
      const { cancelled } = await snapshotOf(name);
      controller.abort();
      await done;
      while ((await snapshotOf(name)).cancelled === cancelled) await Promise.resolve();
      await settle();
    },
  };
}

/** Lets responses in flight arrive. */
export async function settle(): Promise<void> {
  await scheduler.wait(5);
}

type Pauser = (pause: AskedPause) => Promise<BucketSnapshot>;

/**
 * A bucket that is called through `acquire` and `pauseBucket`, and inspected over HTTP. How it is called, by sessions
 * or otherwise, and where its policy comes from are not part of the view.
 */
export function opened(
  name: string,
  acquire: OpenedBucket["acquire"],
  pauseBucket: Pauser,
): OpenedBucket {
  return {
    get nowMs() {
      return Date.now();
    },
    acquire,
    inspect: async () => {
      const { bucket, policy, override, sessions, ...view } = await snapshotOf(name);
      return view;
    },
    pause: async (asked) => {
      const { bucket, policy, override, sessions, ...view } = await pauseBucket(asked);
      await settle();
      return view;
    },
    pass: async (durationMs) => {
      await pass(name, durationMs);
      await settle();
    },
  };
}

/** The object, called as the Worker calls it. */
export async function openObject(fields: PolicyFields): Promise<OpenedBucket> {
  const name = uniqueName("object");
  const policy: NamedPolicyFields = { name: "*", ...Policy.of(fields, timeZones).toJSON() };
  await stubOf(name).changePolicy(name, policy, { ...fields });
  const acquire = (ask: Ask = {}): Promise<Held> => {
    const call = { bucket: name, policy, tokens: 1, ...ask };
    return hold(name, (signal) => stubOf(name).fetch(encodeAcquireCall(call), { signal }));
  };
  return opened(name, acquire, async ({ untilMs, tokens = 0, limits }) => {
    const answer = await (untilMs <= Date.now()
      ? stubOf(name).resume(name, policy, limits)
      : stubOf(name).pause(name, policy, { untilMs, tokens, ...(limits && { limits }) }));
    if ("errors" in answer) throw new Error(JSON.stringify(answer.errors));
    return answer;
  });
}

/** The Worker by RPC. */
export async function openRpc(fields: PolicyFields): Promise<OpenedBucket> {
  const name = uniqueName("rpc");
  const sluice = exports.Sluice;
  await sluice.setPolicy(name, fields, { token: "test-admin" });
  const acquire = (ask: Ask = {}): Promise<Held> => {
    // Without the flag `enable_abortsignal_rpc`, a caller leaves by its key.
    const idempotencyKey = crypto.randomUUID();
    return hold(name, async (signal) => {
      signal.addEventListener("abort", () => void sluice.cancel(name, idempotencyKey));
      const outcome = await sluice.acquire(name, { ...ask, idempotencyKey });
      signal.throwIfAborted();
      return Response.json(outcome);
    });
  };
  return opened(name, acquire, (pause) => sluice.pause(name, pause, { token: "test-admin" }));
}

/** The Worker over HTTP. */
export function openHttp(fields: PolicyFields): Promise<OpenedBucket> {
  return openWorker("http", fields, (path, signal) => request(path, { signal }));
}

/** The Worker over HTTP, by event streams: the last event counts as the answer. */
export function openStreaming(fields: PolicyFields): Promise<OpenedBucket> {
  return openWorker("streaming", fields, async (path, signal) => {
    const reader = await stream(path, { signal });
    await reader.done;
    return Response.json(reader.last?.data);
  });
}

/** The Worker over HTTP, by the plain answer or an event stream, whichever it chooses. */
export function openStreamingIfQueued(fields: PolicyFields): Promise<OpenedBucket> {
  return openWorker("if-queued", fields, async (path, signal) => {
    const response = await request(path, { signal, headers: { Accept: STREAM_IF_QUEUED } });
    if (response.headers.get("Content-Type") !== "text/event-stream") return response;
    const reader = new EventReader(response);
    signal.addEventListener("abort", () => void reader.leave());
    await reader.done;
    return Response.json(reader.last?.data);
  });
}

/** The Worker over one session, on which everybody asks. They leave by `cancel`. */
export async function openSession(fields: PolicyFields): Promise<OpenedBucket> {
  const name = uniqueName("session");
  await changePolicy(name, fields);
  const session = await EdgeSession.open(name);
  const acquire = (ask: Ask = {}): Promise<Held> => {
    return hold(name, (signal) => session.acquire(fieldsOf(ask), signal));
  };
  return opened(name, acquire, (pause) => pauseOverHttp(name, pause));
}

/** The Worker over a session for each caller. They leave by closing it. */
export async function openSessionEach(fields: PolicyFields): Promise<OpenedBucket> {
  const name = uniqueName("session-each");
  await changePolicy(name, fields);
  const acquire = async (ask: Ask = {}): Promise<Held> => {
    const session = await EdgeSession.open(name);
    return hold(name, (signal) => {
      signal.addEventListener("abort", () => session.socket.close(1000));
      return session.acquire(fieldsOf(ask));
    });
  };
  return opened(name, acquire, (pause) => pauseOverHttp(name, pause));
}

/** Asks for an event stream; aborting `init.signal` disconnects from it. */
export async function stream(path: string, init: RequestInit = {}): Promise<EventReader> {
  const headers = new Headers(init.headers);
  headers.set("Accept", "text/event-stream");
  const reader = new EventReader(await request(path, { ...init, headers }));
  init.signal?.addEventListener("abort", () => void reader.leave());
  return reader;
}

async function openWorker(
  prefix: string,
  fields: PolicyFields,
  send: (path: string, signal: AbortSignal) => Promise<Response>,
): Promise<OpenedBucket> {
  const name = uniqueName(prefix);
  await changePolicy(name, fields);
  const acquire = (ask: Ask = {}): Promise<Held> => {
    const query = new URLSearchParams({ bucket: name });
    for (const [field, value] of Object.entries(fieldsOf(ask))) query.set(field, String(value));
    return hold(name, (signal) => send(`/acquire?${query.toString()}`, signal));
  };
  return opened(name, acquire, (pause) => pauseOverHttp(name, pause));
}

async function pauseOverHttp(name: string, pause: AskedPause): Promise<BucketSnapshot> {
  const init = { method: "POST", headers: ADMIN, body: JSON.stringify(pause) };
  const response = await request(`/buckets/${encodeURIComponent(name)}/pause`, init);
  expect(response.status).toBe(200);
  return response.json();
}
