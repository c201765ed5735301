/**
 * The Durable Object of one bucket: the platform under a `BucketHost`, and the interface that the Worker
 * calls. The host makes all decisions.
 */
import { DurableObject, tracing } from "cloudflare:workers";

import type { HoldAnswer, HoldCall, PermitAnswer } from "../core/holds/hold-call.ts";
import type { LeaseAsk } from "../core/lease/lease.ts";
import type { Pause } from "../core/pause.ts";
import type { BusyReport, KnownShards, ShardList } from "../directory/directory.ts";
import type { OverrideRows } from "../directory/override-book.ts";
import type { BucketHistory } from "../protocol/bucket-history.ts";
import type { BucketSnapshot, NamedPolicyFields } from "../protocol/bucket-snapshot.ts";
import type { KnownOverride } from "../protocol/known-override.ts";
import type { DryRun, QueuedWaiters } from "../protocol/queued-waiter.ts";
import type { AcquireCall } from "../wire/acquire-call.ts";
import type {
  BucketStats,
  DryRunAnswer,
  LeaseAnswer,
  PauseAnswer,
  PolicyBefore,
  PolicyChange,
} from "../wire/bucket-answers.ts";
import type { BucketDisk, BucketPlatform, BucketRecord, StoredGrantRow } from "./platform.ts";
import type { ConnectedRequest } from "./connected-request.ts";
import type { Leave } from "./held-request.ts";
import type { BucketEnv } from "./bucket-env.ts";
import type { KeyedGrant } from "./idempotency-store.ts";
import type { RemovedCaller } from "./removed-callers.ts";

import { shardNamed } from "../directory/shards.ts";
import { decodeAcquireCall, isAcquireCall } from "../wire/acquire-call.ts";
import { BucketHost } from "./bucket-host.ts";
import { DirectoryObject } from "./directory-object.ts";
import { DirectoryReports } from "./directory-reports.ts";
import { HeldResponse } from "./held-response.ts";
import { HeldStream } from "./held-stream.ts";
import { ObjectSockets } from "./object-sockets.ts";
import { GrantPoints } from "../answers/grant-points.ts";
import { QueueSpan } from "./queue-span.ts";
import { switchRefusalLog } from "../answers/refusal-log.ts";
import { SteadyClock } from "./steady-clock.ts";
import { UNWRITABLE } from "../wire/failures.ts";
import { timeZones } from "../time-zones.ts";
import {
  GRANT_PREFIX,
  KEYED_GRANTS_PREFIX,
  OPEN_GRANT_PREFIX,
  OVERRIDE_PREFIX,
  REMOVED_CALLERS_KEY,
  STATE_KEY,
  TICKET_SECRET_KEY,
} from "./stored-rows.ts";

/** The machine of `npm run serve`. Its launcher removes the files of forgotten buckets. */
export interface Machine {
  /** The machine's clock as it is. It can be set back: see steady-clock.ts. */
  readonly wallNow: () => number;
}

/** One bucket. Only this project's Worker reaches it. */
export class BucketObject extends DurableObject<BucketEnv> {
  readonly #clock: SteadyClock;
  readonly #bucket: BucketHost;
  readonly #sockets: ObjectSockets;
  /** Set only if the deployment has a dataset for grants. */
  readonly #points: GrantPoints | undefined;
  /** Made if the object is one of the directory, and not of a bucket. */
  #directory: DirectoryObject | undefined = undefined;

  /** @param machine Set if the object runs on a machine of its own, and not on Cloudflare. */
  constructor(ctx: DurableObjectState, env: BucketEnv, machine?: Machine) {
    super(ctx, env);
    switchRefusalLog(env.LOG_REFUSALS);
    const points = env.ANALYTICS && new GrantPoints(env.ANALYTICS, "object");
    this.#points = points;
    const clock = clockOf(ctx, machine?.wallNow);
    this.#clock = clock;
    this.#bucket = new BucketHost({
      ...platformOf(ctx, env, clock, points),
      forgetsByAlarm: machine === undefined,
    });
    this.#sockets = new ObjectSockets(ctx, this.#bucket, clock);
    void ctx.blockConcurrencyWhile(async () => {
      const alarmAtMs = await ctx.storage.getAlarm();
      if (alarmAtMs !== null) this.#bucket.recover(alarmAtMs + clock.aheadMs);
      else if (this.#bucket.waiters > 0) this.#bucket.alarm();
      const live = this.#sockets.sessions?.ids;
      this.#bucket.endSessions((sessionId) => live?.has(sessionId) !== true);
    });
  }

  /**
   * Handles `/acquire`, forwarded by the Worker, watchers and sessions. Settles with the outcome; rejects if the
   * object is reset. A streamed acquire that has to wait is answered immediately, with lines; if the object
   * is reset, they break off.
   */
  override fetch(request: Request): Response | Promise<Response> {
    // Read once: every access builds the string again.
    const { url } = request;
    if (!isAcquireCall(url)) return this.#acceptSocket(url);
    this.#points?.invoked();
    const call = decodeAcquireCall(url);
    const held = call.isStreamed === true ? new HeldStream(this.ctx.storage) : new HeldResponse();
    const leave = this.#host.acquire(call, held);
    if (leave) this.#keep(request, call, held, leave);
    return held.response;
  }

  /** The alarm has fired. */
  override alarm(): void {
    this.#points?.invoked();
    this.#host.alarm();
  }

  override webSocketMessage(socket: WebSocket, data: string | ArrayBuffer): void {
    this.#sockets.received(socket, data);
  }

  override webSocketClose(socket: WebSocket): void {
    this.#sockets.disconnected(socket);
  }

  override webSocketError(socket: WebSocket): void {
    this.#sockets.gone(socket);
  }

  /**
   * See `BucketHost.cancel`. Rejects if the object is reset: the acquire may or may not be cancelled then,
   * and it is safe to cancel it again.
   */
  cancel(idempotencyKey: string): boolean {
    return this.#host.cancel(idempotencyKey);
  }

  /** See `BucketHost.inspect`. Rejects if the object is reset. */
  inspect(name: string, configured: NamedPolicyFields): BucketSnapshot {
    return this.#host.inspect(name, configured);
  }

  /** See `BucketHost.stats`. Rejects if the object is reset. */
  stats(name: string, configured: NamedPolicyFields): BucketStats {
    return this.#host.stats(name, configured);
  }

  /** See `OperatorCalls.waiters`. Rejects if the object is reset. */
  waiters(name: string, configured: NamedPolicyFields, limit: number): QueuedWaiters {
    return this.#host.operators.waiters(name, configured, limit);
  }

  /**
   * See `OperatorCalls.removeWaiter`. The answer is held back until the removal is on disk. Rejects if the object is
   * reset: the waiter may or may not be out then, and it is safe to ask again.
   */
  removeWaiter(id: string): boolean {
    return this.#host.operators.removeWaiter(id);
  }

  /** See `BucketHost.history`. Rejects if the object is reset. */
  history(): BucketHistory {
    return this.#host.history;
  }

  /** See `Directory.report`. Rejects if this object is a bucket, as do the next four. */
  reportBusy(report: BusyReport): KnownShards {
    return this.#asDirectory().report(report);
  }

  /** See `Directory.drop`. */
  busyEnded(bucket: string): void {
    this.#asDirectory().drop(bucket);
  }

  /** See `Directory.list`. */
  listBusy(prefix: string, hasRecent: boolean): ShardList {
    return this.#asDirectory().list(prefix, hasRecent);
  }

  /** Keeps the override of a bucket, or that it has none. */
  noteOverride(bucket: string, override: KnownOverride | undefined): void {
    const { overrides } = this.#asDirectory();
    if (override) overrides.note(override);
    else overrides.drop(bucket);
  }

  /** The overrides that are known, by the names of their buckets. Only shard 0 has any. */
  listOverrides(): readonly KnownOverride[] {
    return this.#asDirectory().overrides.list();
  }

  /**
   * See `BucketHost.lend`. The answer is held back until the lease is on disk. Rejects if the object is
   * reset: what was reported, and any lease that was granted, then counts as spent when it ends. Must not be
   * called again with the same `ask`.
   */
  lend(name: string, configured: NamedPolicyFields, ask: LeaseAsk): LeaseAnswer {
    return this.#host.lend(name, configured, ask);
  }

  /**
   * See `OperatorCalls.changePolicy`. The answer is held back until the change is on disk. Rejects if the object
   * is reset; the change may or may not have been kept then.
   */
  changePolicy(
    name: string,
    configured: NamedPolicyFields,
    changes: Readonly<Record<string, unknown>>,
    note?: string,
  ): PolicyChange {
    return this.#host.operators.changePolicy(name, configured, changes, note);
  }

  /** See `OperatorCalls.dryRun`. Rejects if the object is reset. */
  dryRun(
    name: string,
    configured: NamedPolicyFields,
    changes: Readonly<Record<string, unknown>>,
  ): DryRunAnswer {
    return this.#host.operators.dryRun(name, configured, changes);
  }

  /** See `OperatorCalls.dryRunBack`. Rejects if the object is reset. */
  dryRunBack(name: string, configured: NamedPolicyFields, to: PolicyBefore): DryRun | undefined {
    return this.#host.operators.dryRunBack(name, configured, to);
  }

  /** See `OperatorCalls.dropOverride`, and `changePolicy` for the rest. */
  dropOverride(
    name: string,
    configured: NamedPolicyFields,
    to: PolicyBefore,
  ): BucketSnapshot | undefined {
    return this.#host.operators.dropOverride(name, configured, to);
  }

  /**
   * See `BucketHost.pause`. The answer is held back until the pause is on disk. Rejects if the object is
   * reset; the pause may or may not have been kept then, and it is safe to ask again.
   */
  pause(name: string, configured: NamedPolicyFields, pause: Pause): PauseAnswer {
    const untilMs = pause.untilMs + this.#clock.aheadMs;
    return this.#host.pause(name, configured, { ...pause, untilMs });
  }

  /** See `BucketHost.resume`, and `pause` for the rest. */
  resume(name: string, configured: NamedPolicyFields, limits?: readonly string[]): PauseAnswer {
    return this.#host.resume(name, configured, limits);
  }

  /**
   * See `BucketHost.changeHold`. The answer is held back until it is on disk. Rejects if the object is reset; it is
   * safe to ask again then, and the answer is the same. So with the other calls of holders.
   */
  changeHold(name: string, configured: NamedPolicyFields, id: string, call: HoldCall): HoldAnswer {
    return this.#host.changeHold(name, configured, id, call);
  }

  /** See `BucketHost.dropHold`. */
  dropHold(name: string, configured: NamedPolicyFields, id: string): HoldAnswer {
    return this.#host.dropHold(name, configured, id);
  }

  /** See `BucketHost.extendPermit`. */
  extendPermit(name: string, configured: NamedPolicyFields, id: string): PermitAnswer {
    return this.#host.extendPermit(name, configured, id);
  }

  /** See `BucketHost.releasePermit`. */
  releasePermit(name: string, configured: NamedPolicyFields, id: string): void {
    this.#host.releasePermit(name, configured, id);
  }

  /** Whether any request is held, or any session is open. */
  get isAwaited(): boolean {
    return this.#bucket.isAwaited || this.hasSessions;
  }

  /** Whether any session is open. */
  get hasSessions(): boolean {
    return (this.#sockets.sessions?.count ?? 0) > 0;
  }

  /** See `BucketHost.close`. For the process that runs the object and is about to end; it can't be undone. */
  close(): void {
    this.#bucket.close();
  }

  /**
   * See `BucketHost.shutDown`. Sessions are closed, and their waiters are not refused. For the process that runs the object and is about to end; it can't be undone.
   */
  shutDown(): void {
    this.#sockets.sessions?.shutDown();
    this.#bucket.shutDown();
  }

  /** See `BucketHost.reset`. Rejects if the object is reset; the bucket may or may not be gone then. */
  async reset(): Promise<void> {
    try {
      await this.#host.reset();
    } catch (error) {
      // Memory has forgotten what the disk may still hold. The file must not stay open either: see
      // bucket-stub.ts.
      this.ctx.abort(UNWRITABLE);
      throw error;
    }
  }

  /** The host, after everything that has arrived on sessions before this call. */
  get #host(): BucketHost {
    this.#sockets.sessions?.processInbox();
    return this.#bucket;
  }

  #asDirectory(): DirectoryObject {
    const index = shardNamed(this.ctx.id.name);
    if (index === undefined) throw new TypeError("This object is a bucket, not a directory");
    const { storage } = this.ctx;
    return (this.#directory ??= new DirectoryObject(index, this.#clock, overridesOf(storage)));
  }

  #acceptSocket(url: string): Response {
    this.#sockets.sessions?.processInbox();
    return this.#sockets.accept(url);
  }

  /** While a request waits it has a span, and if its caller disconnects it leaves the queue. */
  #keep(request: Request, call: AcquireCall, held: ConnectedRequest, leave: Leave): void {
    // A request that returns to its place, or shares another's, is not at the end of the queue.
    const { requeued, idempotencyKey, ticket } = call;
    const isLast = requeued === undefined && idempotencyKey === undefined && ticket === undefined;
    const span = new QueueSpan(tracing, call, isLast ? this.#bucket.waiters : 0);
    // Only read for requests that wait: the runtime creates the signal on access, and that costs more than a
    // grant.
    const { signal } = request;
    held.waits(leave, span);
    if (signal.aborted) held.disconnected(signal.reason);
    else signal.addEventListener("abort", held);
  }
}

function clockOf(ctx: DurableObjectState, wallNow: (() => number) | undefined): SteadyClock {
  return new SteadyClock({
    now: () => Date.now(),
    wallNow,
    setTimer: (callback, delayMs) => {
      const timer = setTimeout(callback, delayMs);
      return () => clearTimeout(timer);
    },
    stopped: () => ctx.abort("The clock was set back"),
  });
}

function platformOf(
  ctx: DurableObjectState,
  { BUCKETS }: BucketEnv,
  clock: SteadyClock,
  points: GrantPoints | undefined,
): BucketPlatform {
  const { storage } = ctx;
  return {
    ...(points && { granted: points.write.bind(points) }),
    ...(BUCKETS && { directory: new DirectoryReports(BUCKETS) }),
    clock,
    alarms: {
      // The runtime's alarms follow the machine's clock.
      setAlarm: (atMs) => storage.setAlarm(atMs - clock.aheadMs),
      deleteAlarm: () => storage.deleteAlarm(),
    },
    disk: diskOf(storage),
    timeZones,
    newId: () => crypto.randomUUID(),
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    abort: (reason) => ctx.abort(reason),
  };
}

function overridesOf(storage: DurableObjectStorage): OverrideRows {
  const { kv } = storage;
  return {
    *list() {
      for (const [, entry] of kv.list<KnownOverride>({ prefix: OVERRIDE_PREFIX })) yield entry;
    },
    put: (entry) => kv.put(OVERRIDE_PREFIX + entry.bucket, entry),
    delete: (bucket) => void kv.delete(OVERRIDE_PREFIX + bucket),
    erase: () => void storage.deleteAll(),
  };
}

function diskOf(storage: DurableObjectStorage): BucketDisk {
  const { kv } = storage;
  return {
    read: () => kv.get<BucketRecord>(STATE_KEY),
    write: (record) => kv.put(STATE_KEY, record),
    keyedGrants: {
      *list() {
        for (const [key, row] of kv.list<string>({ prefix: KEYED_GRANTS_PREFIX })) {
          yield [Number(key.slice(KEYED_GRANTS_PREFIX.length)), row];
        }
      },
      put: (slot, row) => kv.put(KEYED_GRANTS_PREFIX + String(slot), row),
      earlier: {
        *list() {
          for (const [key, keyed] of kv.list<KeyedGrant>({ prefix: GRANT_PREFIX })) {
            yield [key.slice(GRANT_PREFIX.length), keyed];
          }
        },
        delete: (key) => void kv.delete(GRANT_PREFIX + key),
      },
    },
    ticketSecret: {
      read: () => kv.get<Uint8Array>(TICKET_SECRET_KEY),
      write: (secret) => kv.put(TICKET_SECRET_KEY, secret),
    },
    removedCallers: {
      read: () => kv.get<readonly RemovedCaller[]>(REMOVED_CALLERS_KEY),
      write: (callers) => kv.put(REMOVED_CALLERS_KEY, callers),
    },
    grantRows: {
      *list() {
        for (const [key, row] of kv.list<StoredGrantRow>({ prefix: OPEN_GRANT_PREFIX })) {
          yield [Number(key.slice(OPEN_GRANT_PREFIX.length)), row];
        }
      },
      put: (slot, row) => kv.put(OPEN_GRANT_PREFIX + String(slot), row),
    },
    erase: () => storage.deleteAll(),
  };
}
