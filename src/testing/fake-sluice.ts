/**
 * Sluice in the process of a test, with a clock that only the test moves.
 *
 * Nothing is imitated: `service` is the Worker's real HTTP interface over real buckets, which lack only a network, a
 * disk and a clock that runs by itself. So every verb of the client answers as it does in production, and a new version
 * of Sluice brings its own fake along.
 */
import type { Client } from "../client/client.ts";
import type { WrittenPolicy } from "../core/written-policy.ts";
import type { HolderClock } from "../holding/holder-clock.ts";
import type { RefusalReason } from "../protocol/reasons.ts";
import type { Scope } from "../worker/auth/scope.ts";
import type { SluiceEnv } from "../worker/config/env.ts";
import type { Deployment } from "../worker/deployment.ts";
import type { App } from "../worker/routes.ts";

import { problemResponse } from "../answers/problem.ts";
import { createClientWithoutRetries } from "../client/client.ts";
import { BUCKET_NAME_RULE, isBucketName } from "../core/bucket-name.ts";
import { requireInteger, showValue } from "../core/values.ts";
import { setHolderClock } from "../holding/holder-clock.ts";
import { isRefusalReason, reasonFields } from "../protocol/reasons.ts";
import { BucketStub } from "../worker/bucket-stub.ts";
import { openApiDocument } from "../worker/pages/openapi.ts";
import { createRoutes } from "../worker/routes.ts";
import { settingsOf } from "../worker/settings.ts";
import { FakeObject } from "./fake-object.ts";
import { ManualClock } from "./manual-clock.ts";

/** Options of `createFakeSluice`. */
export interface FakeSluiceOptions {
  /** The configured policies, by pattern, as in `vars.POLICIES` of a `wrangler.jsonc`. */
  readonly policies: Readonly<Record<string, WrittenPolicy>>;
  /** What time it is at first, epoch milliseconds, 0 to 8,640,000,000,000,000. Default: now. */
  readonly startAtMs?: number;
}

/** Sluice for a test. */
export interface FakeSluice {
  /** A client that may do everything. It retries nothing: while Sluice is down, it throws at once. */
  readonly client: Client;
  /**
   * For a client with options of your own, such as `createClient({ service, onUnavailable: "open" })`, and for a
   * Worker's binding to Sluice in a test. It checks no keys: every caller may do everything.
   */
  readonly service: { fetch(request: Request): Promise<Response> };
  /**
   * Moves the clock forward by `durationMs`, 0 or more, tick by tick, and lets each caller that has its turn go on
   * until it waits for something else than Sluice. Resolves when all of them have. 0 only lets them go on: after it,
   * calls that were made before it are in their queue. Rejects with `RangeError` beyond the last instant of a `Date`.
   */
  advance(durationMs: number): Promise<void>;
  /** The fake's clock, epoch milliseconds: that of `grantedAtMs`, calendars and pauses. */
  now(): number;
  /**
   * Refuses the next acquire of `bucket` with `reason`, whatever it holds. Called twice, it refuses the next two. A
   * reason that says when to retry says `retryAfterMs`, 1 or more; default: 1,000.
   *
   * @throws {RangeError} If the name isn't legal, or no acquire is refused for that reason.
   */
  refuseNext(bucket: string, reason: FakeReason, retryAfterMs?: number): void;
  /**
   * Sluice can't be reached until `comeBack`. Callers that wait lose their connection and their place. Buckets keep
   * their tokens, and the clock can be moved.
   */
  goDown(): void;
  /** Sluice can be reached again. */
  comeBack(): void;
}

/** Why an acquire can be refused. That Sluice is unavailable is for `goDown`. */
export type FakeReason = Exclude<RefusalReason, "unavailable">;

/** There are no keys in a test: everybody may do everything. */
function admit(): readonly Scope[] {
  return [{ rights: ["acquire", "read", "pause", "admin"], buckets: ["*"] }];
}

const MAX_TIME_MS = 8.64e15;
const DOWN = "The fake Sluice is down: call comeBack()";
const DEFAULT_RETRY_AFTER_MS = 1_000;
/** More than any chain of promises in a call needs; user code that waits for a timer of its own is not waited for. */
const QUIET_TURNS = 3;
/** A call that isn't answered by then waits for something outside. */
const MAX_TURNS = 10_000;

/**
 * Creates a Sluice for one test. It has no network, no timers and no files, and needs no clean-up.
 *
 * WebSockets are the one thing that it lacks: clients ask it by requests, and `watchBucket` never opens.
 *
 * @throws {RangeError} If a policy or an option is illegal.
 *
 * @example
 * const policies = { mail: { capacity: 1, refillTokens: 1, refillInterval: "1s" } } as const;
 * const fake = createFakeSluice({ policies });
 * await fake.client.acquire("mail");
 * const second = fake.client.acquire("mail"); // waits
 * await fake.advance(1_000);
 * await second; // granted
 */
export function createFakeSluice({
  policies,
  startAtMs = Date.now(),
}: FakeSluiceOptions): FakeSluice {
  requireInteger("startAtMs", startAtMs, 0, MAX_TIME_MS);
  return new Fake(policies, new ManualClock(startAtMs));
}

class Fake implements FakeSluice {
  readonly client: Client;
  readonly service: FakeSluice["service"];
  readonly #clock: ManualClock;
  readonly #env: SluiceEnv;
  readonly #app: App;
  readonly #objects = new Map<string, FakeObject>();
  readonly #refusals: { readonly bucket: string; readonly response: Response }[] = [];
  /** What ends each call that has no response yet. */
  readonly #calls = new Set<(error: Error) => void>();
  #isDown = false;
  /** Ends the responses that are read as they come. */
  #online = new AbortController();
  /** Changes with everything that a caller may notice. */
  #events = 0;

  constructor(policies: object, clock: ManualClock) {
    this.#clock = clock;
    this.#env = { BUCKETS: this.#namespace(), POLICIES: policies, LOG_REFUSALS: "false" };
    this.#app = createRoutes(this.#deploy(this.#env));
    this.service = { fetch: this.#fetch.bind(this) };
    setHolderClock(this.service, this.#holderClock());
    this.client = createClientWithoutRetries({ service: this.service });
  }

  async advance(durationMs: number): Promise<void> {
    requireInteger("durationMs", durationMs, 0, MAX_TIME_MS - this.#clock.now());
    const untilMs = this.#clock.now() + durationMs;
    let seen: number | undefined = undefined;
    do {
      if (seen !== this.#events) await this.#settle();
      seen = this.#events;
    } while (this.#clock.step(untilMs));
    await this.#settle();
  }

  now(): number {
    return this.#clock.now();
  }

  refuseNext(bucket: string, reason: FakeReason, retryAfterMs = DEFAULT_RETRY_AFTER_MS): void {
    if (!isBucketName(bucket)) {
      throw new RangeError(`bucket must be ${BUCKET_NAME_RULE}: got ${showValue(bucket)}`);
    }
    if (!isFakeReason(reason)) throw illegalReason(reason);
    requireInteger("retryAfterMs", retryAfterMs, 1, MAX_TIME_MS);
    const detail = `Refused by the test: ${reason}`;
    this.#refusals.push({ bucket, response: problemResponse(reason, { detail, retryAfterMs }) });
  }

  goDown(): void {
    this.#isDown = true;
    const error = new Error(DOWN);
    for (const end of this.#calls) end(error);
    // First, so that a streamed wait ends with its caller and doesn't look for its object again.
    this.#online.abort(error);
    this.#online = new AbortController();
    for (const object of this.#objects.values()) object.disconnectAll(error);
  }

  comeBack(): void {
    this.#isDown = false;
  }

  async #fetch(request: Request): Promise<Response> {
    this.#events += 1;
    if (this.#isDown) throw new Error(DOWN);
    if (request.headers.has("Upgrade")) return refuseSocket();
    return this.#refusalOf(request) ?? (await this.#answer(request));
  }

  #answer(request: Request): Promise<Response> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void): void => {
        this.#events += 1;
        this.#calls.delete(fail);
        settle();
      };
      const fail = (error: unknown): void => end(() => reject(error));
      this.#calls.add(fail);
      Promise.resolve(this.#app.fetch(request, this.#env)).then(
        (response) => end(() => resolve(this.#untilDown(response))),
        fail,
      );
    });
  }

  #untilDown(response: Response): Response {
    if (!response.body || !response.headers.get("Content-Type")?.startsWith("text/event-stream")) {
      return response;
    }
    const { signal } = this.#online;
    return new Response(response.body.pipeThrough(new TransformStream(), { signal }), response);
  }

  /** A timer may make a call: `advance` waits for that. */
  #holderClock(): HolderClock {
    return {
      now: () => this.#clock.now(),
      setTimer: (callback, delayMs) => {
        return this.#clock.setTimer(() => {
          this.#events += 1;
          callback();
        }, delayMs);
      },
    };
  }

  #refusalOf({ method, url }: Request): Response | undefined {
    if (this.#refusals.length === 0) return undefined;
    const { pathname, searchParams } = new URL(url);
    if (method !== "POST" || pathname !== "/acquire") return undefined;
    const bucket = searchParams.get("bucket");
    const index = this.#refusals.findIndex((refusal) => refusal.bucket === bucket);
    return index < 0 ? undefined : this.#refusals.splice(index, 1)[0]?.response;
  }

  /** Resolves once every call waits in a bucket, and callers that have their answer have had time to go on. */
  async #settle(): Promise<void> {
    let quiet = 0;
    for (let turns = 0; quiet < QUIET_TURNS && turns < MAX_TURNS; turns += 1) {
      const seen = this.#events;
      await nextTurn();
      const held = [...this.#objects.values()].reduce((sum, object) => sum + object.held, 0);
      quiet = seen === this.#events && this.#calls.size <= held ? quiet + 1 : 0;
    }
  }

  #deploy(env: SluiceEnv): Deployment {
    const settings = settingsOf(env);
    const deployment: Deployment = {
      env,
      settings,
      guards: { acquire: admit, read: admit, pause: admit, admin: admit },
      isOpen: true,
      allowedHosts: undefined,
      bucketOf: (name, policy, caller) => new BucketStub(deployment, name, policy, caller),
      // They are lent by the machine's clock, and the one caller's isolate would take all tokens of a bucket.
      leases: { find: () => undefined },
      openApi: openApiDocument,
      now: () => this.#clock.now(),
    };
    return deployment;
  }

  /** The binding of the objects: each is made by its first call. */
  #namespace(): SluiceEnv["BUCKETS"] {
    const objectOf = (name: string): FakeObject => {
      const known = this.#objects.get(name);
      if (known) return known;
      const object = new FakeObject(name, this.#clock, objects, () => (this.#events += 1));
      this.#objects.set(name, object);
      return object;
    };
    const stubOf = (name: string): unknown => {
      const object = objectOf(name);
      return new Proxy(
        { fetch: object.fetch.bind(object) },
        {
          get: (own, method: string) =>
            Reflect.get(own, method) ??
            ((...args: readonly unknown[]): Promise<unknown> => object.call(method, args)),
        },
      );
    };
    // Sluice calls nothing else of the binding.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const objects = { getByName: stubOf } as unknown as SluiceEnv["BUCKETS"];
    return objects;
  }
}

/** Code without types may pass anything. */
function isFakeReason(reason: string): boolean {
  return isRefusalReason(reason) && reason !== "unavailable";
}

function illegalReason(reason: unknown): RangeError {
  const reasons = Object.keys(reasonFields).filter(isFakeReason).join(", ");
  return new RangeError(`reason must be one of ${reasons}: got ${showValue(reason)}`);
}

/** Before anything looks for the object's own. The client then sends requests. */
function refuseSocket(): Response {
  return problemResponse("upgrade-required", { detail: "The fake Sluice has no WebSockets" });
}

/** Resolves in a later turn of the event loop, by what no library of fake timers replaces. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.addEventListener("message", () => {
      port1.close();
      resolve();
    });
    port1.start();
    port2.postMessage(undefined);
  });
}
