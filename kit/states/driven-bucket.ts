/**
 * One bucket on a platform where nothing fails by itself: a `BucketHost` with a disk of JSON text, an alarm
 * and timers that are punctual, and commits that are done at once. It is driven call by call, and reports all
 * answers and writes as lines, in order. The same calls give the same lines, so a history that one version
 * has recorded can be replayed in another.
 *
 * This is the only file of the folder that knows the host's interface.
 */
import type { AcquireAnswer } from "../../src/answers/acquire-answer.ts";
import type { BucketPlatform, BucketRecord, StoredGrantRow } from "../../src/bucket/platform.ts";
import type { HoldAnswer, PermitAnswer } from "../../src/core/holds/hold-call.ts";
import type { Lease } from "../../src/core/lease/lease.ts";
import type { PauseAnswer } from "../../src/wire/bucket-answers.ts";
import type { BucketSnapshot, NamedPolicyFields } from "../../src/protocol/bucket-snapshot.ts";
import type { Call, ConfiguredPolicy, StoredState } from "./recorded-case.ts";

import { acquireResponse } from "../../src/answers/acquire-response.ts";
import { switchRefusalLog } from "../../src/answers/refusal-log.ts";
import { entriesOf } from "../../src/bucket/idempotency-store.ts";
import { BucketHost } from "../../src/bucket/bucket-host.ts";
import { checkHoldCall } from "../../src/core/holds/hold-call.ts";
import { VirtualClock } from "../simulation/virtual-clock.ts";
import {
  describe,
  describeChange,
  describePolicy,
  describeResponse,
  describeSnapshot,
} from "./described.ts";
import { WRITE_MARK } from "./recorded-case.ts";
import { timeZones } from "../../src/time-zones.ts";

/** The name of the only bucket. */
const BUCKET = "bucket";

type AcquireStep = Extract<Call, { call: "acquire" }>;

/** A held acquire. */
export interface Held {
  readonly step: AcquireStep;
  /** When it arrived first, epoch milliseconds. */
  readonly arrivedAtMs: number;
}

interface HeldRequest extends Held {
  readonly leave: () => void;
}

/** A bucket, its disk and its clock. */
export class DrivenBucket {
  readonly #clock: VirtualClock;
  readonly #epochMs: number;
  #configured: ConfiguredPolicy;
  /** What is on the disk, as JSON text. */
  #record: string | undefined;
  readonly #keyedGrants: Map<string, string>;
  readonly #keyedRows: Map<number, string>;
  readonly #openGrants: Map<number, string>;
  #idsMade = 0;
  #alarmAtMs: number | undefined;
  #alarmGeneration = 0;
  /** Numbers the instances. A timer of an earlier one does nothing. */
  #instance = 0;
  #host: BucketHost;
  readonly #held = new Map<string, HeldRequest>();
  #policyShown = "";
  /** Every record that was written, in order. */
  readonly written: unknown[] = [];
  /** Promises, because a response's body can't be read at once. */
  #lines: Promise<string>[] = [];
  /** The ids of holds and permits that were granted. */
  readonly openIds: string[] = [];
  /** The lease that the last call of `lend` was answered with. */
  lastLease: Lease | undefined = undefined;

  /** An instance starts at `atMs`, epoch milliseconds, and finds `stored`. */
  constructor(atMs: number, configured: ConfiguredPolicy, stored: StoredState) {
    switchRefusalLog("false");
    this.#clock = new VirtualClock(atMs);
    this.#epochMs = atMs;
    this.#configured = configured;
    this.#record = stored.record === undefined ? undefined : JSON.stringify(stored.record);
    this.#keyedGrants = new Map(
      Object.entries(stored.keyedGrants).map(([key, grant]) => [key, JSON.stringify(grant)]),
    );
    this.#keyedRows = new Map(
      Object.entries(stored.keyedRows ?? {}).map(([slot, row]) => [
        Number(slot),
        JSON.stringify(row),
      ]),
    );
    this.#openGrants = new Map(
      Object.entries(stored.openGrants ?? {}).map(([slot, row]) => [
        Number(slot),
        JSON.stringify(row),
      ]),
    );
    this.#alarmAtMs = stored.alarmAtMs;
    this.#host = this.#start();
  }

  /** Epoch milliseconds. */
  get nowMs(): number {
    return this.#clock.wallMs;
  }

  get configured(): ConfiguredPolicy {
    return this.#configured;
  }

  /** The configured policy as the host takes it: whether it is legal is for the host to say. */
  get #policy(): NamedPolicyFields {
    return this.#configured as unknown as NamedPolicyFields;
  }

  /** The acquires that are held, in order of arrival. */
  get held(): readonly Held[] {
    return [...this.#held.values()];
  }

  /** A copy of what the disk holds. */
  get stored(): StoredState {
    const keyedGrants = [...this.#keyedGrants].map(([key, text]) => [key, JSON.parse(text)]);
    const keyedRows = [...this.#keyedRows].map(([slot, text]) => [slot, JSON.parse(text)]);
    const openGrants = [...this.#openGrants].map(([slot, text]) => [slot, JSON.parse(text)]);
    return {
      ...(this.#record !== undefined && { record: JSON.parse(this.#record) }),
      ...(this.#alarmAtMs !== undefined && { alarmAtMs: this.#alarmAtMs }),
      keyedGrants: Object.fromEntries(keyedGrants),
      ...(keyedRows.length > 0 && { keyedRows: Object.fromEntries(keyedRows) }),
      ...(openGrants.length > 0 && { openGrants: Object.fromEntries(openGrants) }),
    };
  }

  /** Lets time pass, makes a call, and resolves with what came of both. */
  async run(call: Call, afterMs: number): Promise<string[]> {
    this.#pass(afterMs);
    try {
      await this.#make(call);
    } catch (error) {
      this.#print(`throws ${String(error)}`);
    }
    const lines = await Promise.all(this.#lines);
    this.#lines = [];
    return lines;
  }

  async #make(call: Call): Promise<void> {
    const host = this.#host;
    switch (call.call) {
      case "acquire":
        return this.#acquire(call);
      case "hold":
        return this.#changeHold(call);
      case "drop":
        return this.#printAnswer(host.dropHold(BUCKET, this.#policy, call.id));
      case "extend":
        return this.#printAnswer(host.extendPermit(BUCKET, this.#policy, call.id));
      case "release":
        return host.releasePermit(BUCKET, this.#policy, call.id);
      case "leave":
        return this.#takeOut(call.as)?.leave();
      case "cancel":
        return this.#print(`cancelled ${host.cancel(call.key)}`);
      case "inspect":
        return this.#printSnapshot(host.inspect(BUCKET, this.#policy));
      case "stats": {
        const { snapshot, tally } = host.stats(BUCKET, this.#policy);
        this.#printSnapshot(snapshot);
        const { grantedTokens, waitedMs, waits, refused } = tally;
        return this.#print(describe({ grantedTokens, waitedMs, waits, refused }, 0));
      }
      case "change": {
        const change = host.operators.changePolicy(BUCKET, this.#policy, call.changes);
        if (change.ok) return this.#printSnapshot(change.snapshot);
        return this.#print(`illegal: ${change.errors.map(({ field }) => field).join(", ")}`);
      }
      case "pause": {
        const { untilMs, tokens, limits } = call;
        const pause = { untilMs, tokens, ...(limits && { limits }) };
        return this.#printPause(host.pause(BUCKET, this.#policy, pause));
      }
      case "resume":
        return this.#printPause(host.resume(BUCKET, this.#policy, call.limits));
      case "lend":
        return this.#lend(call);
      case "reset":
        return host.reset();
      case "restart":
        return this.#restart(call);
      default:
        return call satisfies never;
    }
  }

  #acquire(step: AcquireStep): void {
    const { as, tokens, limits, timeoutMs, holdMs, key, requeued, returned, follows } = step;
    let isAnswered = false;
    const answered = (answer: AcquireAnswer): void => {
      isAnswered = true;
      this.#held.delete(as);
      this.#noteId(answer);
      const response = describeResponse(acquireResponse(answer), this.#epochMs);
      this.#lines.push(response.then((text) => `${as}: ${text}`));
    };
    const leave = this.#host.acquire(
      {
        bucket: BUCKET,
        policy: this.#policy,
        tokens,
        ...(limits && { limits }),
        ...(timeoutMs !== undefined && { timeoutMs }),
        ...(holdMs !== undefined && { holdMs }),
        ...(key !== undefined && { idempotencyKey: key }),
        ...(requeued && { requeued }),
        ...(returned && { returnedLeases: returned }),
        ...(follows && { isStreamed: true }),
      },
      {
        answered,
        ...(follows && {
          moved: ({ position, grantAtMs, etaMs }) => {
            const atMs = grantAtMs - this.#epochMs;
            this.#print(`${as} is number ${position}, due at ${atMs}, in ${etaMs}`);
          },
        }),
      },
    );
    const arrivedAtMs = requeued?.arrivedAtMs ?? this.#clock.wallMs;
    if (leave && !isAnswered) this.#held.set(as, { step, arrivedAtMs, leave });
  }

  #noteId(answer: AcquireAnswer): void {
    if (answer.kind !== "outcome" || !answer.outcome.ok) return;
    const { hold, permit } = answer.outcome;
    const id = hold?.id ?? permit?.id;
    if (id !== undefined) this.openIds.push(id);
  }

  #changeHold({ id, used, atLeast, extendMs }: Extract<Call, { call: "hold" }>): void {
    const check = checkHoldCall({ used, atLeast, extendMs });
    if (!check.ok) return this.#print(`illegal: ${check.faults.map(({ field }) => field).join()}`);
    return this.#printAnswer(this.#host.changeHold(BUCKET, this.#policy, id, check.call));
  }

  #takeOut(as: string): HeldRequest | undefined {
    const held = this.#held.get(as);
    this.#held.delete(as);
    return held;
  }

  #lend({ wanted, uses, granted }: Extract<Call, { call: "lend" }>): void {
    const { lease, bucket } = this.#host.lend(BUCKET, this.#policy, { wanted, uses, granted });
    this.lastLease = lease;
    if (lease) {
      const { tokens, ttlMs, startedAtMs, untilMs } = lease;
      this.#print(`lends ${describe({ tokens, ttlMs, startedAtMs, untilMs }, this.#epochMs)}`);
    }
    this.#printSnapshot(bucket);
  }

  #restart({ downMs, configured, setBackMs = 0 }: Extract<Call, { call: "restart" }>): void {
    this.#instance += 1;
    this.#alarmGeneration += 1;
    this.#held.clear();
    this.#pass(downMs);
    this.#clock.jump(-setBackMs);
    this.#configured = configured ?? this.#configured;
    this.#host = this.#start();
  }

  #start(): BucketHost {
    const host = new BucketHost(this.#platform(this.#instance));
    if (this.#alarmAtMs !== undefined) {
      host.recover(this.#alarmAtMs);
      this.#planAlarm(this.#alarmAtMs);
    }
    return host;
  }

  #pass(ms: number): void {
    const end = { isReached: false };
    this.#clock.after(ms, () => {
      end.isReached = true;
    });
    while (!end.isReached) this.#clock.step();
  }

  #platform(instance: number): BucketPlatform {
    const clock = this.#clock;
    return {
      clock: {
        now: () => clock.wallMs,
        notBefore: (atMs) => {
          this.#print(`not before ${atMs - this.#epochMs}`);
          clock.jump(Math.max(0, atMs - clock.wallMs));
        },
        setTimer: (callback, delayMs) => {
          let isCleared = false;
          clock.after(Math.max(1, Math.trunc(delayMs)), () => {
            if (!isCleared && instance === this.#instance) callback();
          });
          return () => {
            isCleared = true;
          };
        },
      },
      alarms: {
        setAlarm: async (atMs) => this.#setAlarm(atMs),
        deleteAlarm: async () => this.#setAlarm(undefined),
      },
      disk: {
        read: () => (this.#record === undefined ? undefined : JSON.parse(this.#record)),
        write: (record) => this.#write(record),
        keyedGrants: {
          list: () => this.#keyedRows,
          put: (slot, row) => this.#keep(slot, row),
          earlier: {
            list: () => [...this.#keyedGrants].map(([key, text]) => [key, JSON.parse(text)]),
            delete: (key) => {
              this.#keyedGrants.delete(key);
              this.#print(`${WRITE_MARK}forgets ${key}`);
            },
          },
        },
        // Not part of a state: a ticket is only good where its caller comes back, and none does here.
        ticketSecret: { read: () => undefined, write: () => undefined },
        removedCallers: { read: () => undefined, write: () => undefined },
        grantRows: {
          list: () => [...this.#openGrants].map(([slot, text]) => [slot, JSON.parse(text)]),
          put: (slot, row) => this.#putRow(slot, row),
        },
        erase: async () => this.#erase(),
      },
      timeZones,
      newId: () => this.#newId(),
      randomBytes: (count) => new Uint8Array(count),
      abort: (reason) => this.#print(`aborts: ${reason}`),
    };
  }

  #write(record: BucketRecord): void {
    const before: unknown = this.#record === undefined ? {} : JSON.parse(this.#record);
    this.#record = JSON.stringify(record);
    const after: unknown = JSON.parse(this.#record);
    this.written.push(after);
    this.#print(`${WRITE_MARK}${describeChange(before, after, this.#epochMs)}`);
  }

  #keep(slot: number, row: string): void {
    this.#keyedRows.set(slot, row);
    // As versions said it that wrote each of them under its key.
    for (const [key, keyed] of entriesOf(row)) {
      this.#print(`${WRITE_MARK}keeps ${key} ${describe(keyed, this.#epochMs)}`);
    }
  }

  #putRow(slot: number, row: StoredGrantRow): void {
    const before: unknown = JSON.parse(this.#openGrants.get(slot) ?? "{}");
    const text = JSON.stringify(row);
    this.#openGrants.set(slot, text);
    const change = describeChange(before, JSON.parse(text), this.#epochMs);
    this.#print(`${WRITE_MARK}row ${slot} ${change}`);
  }

  /** Another one than any that this disk has held, whichever instance has made it. */
  #newId(): string {
    this.#idsMade += 1;
    return `${this.#epochMs}-${this.#idsMade}`;
  }

  #erase(): void {
    this.#record = undefined;
    this.#keyedGrants.clear();
    this.#keyedRows.clear();
    this.#openGrants.clear();
    this.#alarmAtMs = undefined;
    this.#alarmGeneration += 1;
    this.#print(`${WRITE_MARK}erases everything`);
  }

  #setAlarm(atMs: number | undefined): void {
    this.#alarmAtMs = atMs;
    this.#alarmGeneration += 1;
    const shown = atMs === undefined ? "none" : atMs - this.#epochMs;
    this.#print(`${WRITE_MARK}alarm ${shown}`);
    if (atMs !== undefined) this.#planAlarm(atMs);
  }

  #planAlarm(atMs: number): void {
    const generation = this.#alarmGeneration;
    this.#clock.after(Math.max(0, atMs - this.#clock.wallMs), () => {
      if (generation !== this.#alarmGeneration) return;
      this.#alarmAtMs = undefined;
      this.#host.alarm();
    });
  }

  #printAnswer(answer: HoldAnswer | PermitAnswer): void {
    const shown = "errors" in answer ? { errors: answer.errors.map(({ field }) => field) } : {};
    this.#print(describe({ ...answer, ...shown }, this.#epochMs));
  }

  #print(line: string): void {
    this.#lines.push(Promise.resolve(line));
  }

  /** Shows the policy, too, if it is another one than the last time. */
  #printPause(answer: PauseAnswer): void {
    if ("errors" in answer) throw new Error(JSON.stringify(answer.errors));
    this.#printSnapshot(answer);
  }

  #printSnapshot(snapshot: BucketSnapshot): void {
    const policy = describePolicy(snapshot.policy);
    if (policy !== this.#policyShown) this.#print(policy);
    this.#policyShown = policy;
    this.#print(describeSnapshot(snapshot, this.#epochMs));
  }
}
