/**
 * A bucket's object without a platform: the real `BucketHost` over a disk in memory and a clock that stands still. It
 * does what bucket-object.ts does with the runtime's.
 */
import type { ConnectedRequest } from "../bucket/connected-request.ts";
import type { BucketPlatform } from "../bucket/platform.ts";
import type { DirectoryNamespace } from "../directory/directory-stub.ts";
import type { BusyReport, KnownShards, ShardList } from "../directory/directory.ts";
import type { BucketHistory } from "../protocol/bucket-history.ts";
import type { KnownOverride } from "../protocol/known-override.ts";
import type { ManualClock } from "./manual-clock.ts";

import { BucketHost } from "../bucket/bucket-host.ts";
import { DirectoryObject } from "../bucket/directory-object.ts";
import { DirectoryReports } from "../bucket/directory-reports.ts";
import { HeldResponse } from "../bucket/held-response.ts";
import { HeldStream } from "../bucket/held-stream.ts";
import { shardNamed } from "../directory/shards.ts";
import { timeZones } from "../time-zones.ts";
import { decodeAcquireCall } from "../wire/acquire-call.ts";
import { MemoryDisk } from "./memory-disk.ts";

/** One object: of a bucket, or a shard of the directory. */
export class FakeObject {
  readonly #host: BucketHost;
  readonly #directory: DirectoryObject;
  readonly #waiting = new Set<ConnectedRequest>();
  readonly #answered: () => void;

  /** @param answered Called whenever a request that has waited has its answer. */
  constructor(name: string, clock: ManualClock, objects: DirectoryNamespace, answered: () => void) {
    this.#answered = answered;
    this.#host = new BucketHost(platformOf(clock, objects, () => this.#host.alarm()));
    // Overrides are noted in memory: there is no other instance that would read them.
    this.#directory = new DirectoryObject(shardNamed(name) ?? 0, clock, {
      list: none,
      put: ignore,
      delete: ignore,
      erase: ignore,
    });
  }

  /** How many requests wait without a response. */
  get held(): number {
    return [...this.#waiting].filter((request) => request instanceof HeldResponse).length;
  }

  /**
   * Calls a method as over RPC, with copies: one of this class, of the host or of its operators.
   *
   * @throws {TypeError} If there is none.
   */
  async call(method: string, args: readonly unknown[]): Promise<unknown> {
    for (const target of [this, this.#host.operators, this.#host]) {
      const implementation: unknown = Reflect.get(target, method, target);
      if (typeof implementation !== "function") continue;
      const result: unknown = await Reflect.apply(
        implementation,
        target,
        structuredClone([...args]),
      );
      return structuredClone(result);
    }
    throw new TypeError(`An object of sluice/testing has no method ${method}`);
  }

  /** Handles an acquire, as `BucketObject.fetch` does. */
  fetch(url: string, init?: { readonly signal?: AbortSignal }): Response | Promise<Response> {
    const call = decodeAcquireCall(url);
    const held = call.isStreamed === true ? new HeldStream({ sync: written }) : new HeldResponse();
    const leave = this.#host.acquire(call, held);
    if (!leave) return held.response;
    this.#waiting.add(held);
    const ended = (): void => {
      this.#waiting.delete(held);
      this.#answered();
    };
    held.waits(leave, { settled: ended, cancelled: ended });
    init?.signal?.addEventListener("abort", held);
    return held.response;
  }

  /** All requests that wait lose their connection, and leave the queue. */
  disconnectAll(reason: Error): void {
    for (const request of this.#waiting) request.disconnected(reason);
  }

  history(): BucketHistory {
    return this.#host.history;
  }

  reportBusy(report: BusyReport): KnownShards {
    return this.#directory.report(report);
  }

  busyEnded(bucket: string): void {
    this.#directory.drop(bucket);
  }

  listBusy(prefix: string, hasRecent: boolean): ShardList {
    return this.#directory.list(prefix, hasRecent);
  }

  noteOverride(bucket: string, override: KnownOverride | undefined): void {
    if (override) this.#directory.overrides.note(override);
    else this.#directory.overrides.drop(bucket);
  }

  listOverrides(): readonly KnownOverride[] {
    return this.#directory.overrides.list();
  }
}

function ignore(): void {}

function none(): [] {
  return [];
}

/** A disk in memory has everything at once. */
async function written(): Promise<void> {}

function platformOf(
  clock: ManualClock,
  objects: DirectoryNamespace,
  alarm: () => void,
): BucketPlatform {
  let clearAlarm = ignore;
  return {
    clock,
    alarms: {
      async setAlarm(atMs) {
        clearAlarm();
        clearAlarm = clock.setTimer(alarm, atMs - clock.now());
      },
      async deleteAlarm() {
        clearAlarm();
      },
    },
    forgetsByAlarm: true,
    disk: new MemoryDisk(),
    directory: new DirectoryReports(objects),
    timeZones,
    newId: () => crypto.randomUUID(),
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    abort: (reason) => {
      throw new Error(reason);
    },
  };
}
