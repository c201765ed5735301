/**
 * What forgetting a bucket promises: nobody can tell. As far as laws are concerned, a life that ends by it goes on in
 * the next one.
 */
import type { BucketRecord } from "../../src/bucket/platform.ts";
import type { DiskState } from "./durable-state.ts";
import type { RecordedLimit } from "./recorded-limit.ts";
import type { ZoneTables } from "./zone-tables.ts";

import { shardOf } from "../../src/directory/shards.ts";
import { holdingAt, recordedLimits } from "./recorded-limit.ts";

const MINUTE_MS = 60_000;

/** A life that has ended, by the number of the next one. */
interface Ended {
  /** The first life that goes on in it. */
  readonly root: number;
  readonly span: number;
  readonly policy: BucketRecord["policy"] | undefined;
  readonly atMs: number;
}

/** The lives of one bucket that have ended by forgetting. */
export class ForgottenLives {
  readonly #ended = new Map<number, Ended>();
  /** Spans that are one for callers, by the last of them. */
  readonly #chains = new Map<number, readonly number[]>();

  /** The life that began the one called `life`, as far as anybody can tell. */
  rootOf(life: number): number {
    return this.#ended.get(life)?.root ?? life;
  }

  /** The bucket was forgotten at `atMs`, and its next life is `life`. */
  ended({ life: before, span, record }: DiskState, life: number, atMs: number): void {
    this.#ended.set(life, { root: this.rootOf(before), span, policy: record?.policy, atMs });
  }

  /** A bucket starts, at `atMs`, in `span` of `life`. Under another policy, it is another bucket. */
  started(life: number, span: number, { policy }: BucketRecord, atMs: number): void {
    const ended = this.#ended.get(life);
    // The clock has been set back behind it: the bucket that was forgotten stood at a later instant.
    if (!ended || atMs < ended.atMs) return;
    if (JSON.stringify(ended.policy) !== JSON.stringify(policy)) return;
    this.#chains.set(span, [...(this.#chains.get(ended.span) ?? [ended.span]), span]);
    this.#chains.delete(ended.span);
  }

  /** Spans that are one for callers. */
  get chains(): Iterable<readonly number[]> {
    return this.#chains.values();
  }
}

/** Why a bucket as written may not be forgotten at `nowMs`; `undefined`: it may. */
export function faultOfForgetting(
  record: BucketRecord,
  zones: ZoneTables | undefined,
  nowMs: number,
): string | undefined {
  if (record.isOverridden) return "it has an override";
  if (record.forgetAfterMs === undefined) return "its policy keeps it";
  for (const limit of zones ? recordedLimits(record) : []) {
    const fault = faultOfLimit(limit, zones, nowMs);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function faultOfLimit(
  limit: RecordedLimit,
  zones: ZoneTables | undefined,
  nowMs: number,
): string | undefined {
  if (!zones) return undefined;
  const { name, fields, state } = limit;
  const { tokens, leasedTokens } = holdingAt(limit, zones, nowMs);
  if (leasedTokens > 0) return `${leasedTokens} of ${name} are on lease`;
  if (tokens < fields.capacity) return `${tokens} of ${name} are there, of ${fields.capacity}`;
  return Number(state.pausedUntilMs) > nowMs ? `${name} is paused` : undefined;
}

/** Whether the alarm on the disk is there to forget the bucket, and not for waiters: it is on the bucket's mark. */
export function isIdleAlarm(forgetsByAlarm: boolean, { record, alarmAtMs }: DiskState): boolean {
  if (!forgetsByAlarm || record?.forgetAfterMs === undefined || alarmAtMs === undefined)
    return false;
  return alarmAtMs % MINUTE_MS === shardOf(record.name, MINUTE_MS);
}
