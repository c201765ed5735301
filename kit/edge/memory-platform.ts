/** A bucket's platform in memory, for one bucket at a time: a disk that outlives hosts, and a clock by hand. */
import type {
  BucketDisk,
  BucketPlatform,
  BucketRecord,
  StoredGrantRow,
} from "../../src/bucket/platform.ts";
import type { Clock } from "../../src/bucket/clock.ts";
import type { RemovedCaller } from "../../src/bucket/removed-callers.ts";

import { timeZones } from "../../src/time-zones.ts";

/** A platform whose disk takes copies, as a real one does, and lists each write. */
export class MemoryPlatform implements BucketPlatform {
  /** Epoch milliseconds. */
  nowMs = 1_795_425_904_000;
  /** What was written since it was last emptied: `bucket`, `keyed SLOT`, `ticket secret` and `open SLOT`. */
  writes: string[] = [];
  /** Set to make each write throw. */
  isBroken = false;
  isAborted = false;
  forgetsByAlarm = false;
  readonly timeZones = timeZones;
  readonly clock: Clock = { now: () => this.nowMs, setTimer: () => () => undefined };
  /** What the alarm is set to; `undefined` if it isn't armed. */
  alarmAtMs: number | undefined = undefined;
  /** How often it was set. */
  alarmsSet = 0;
  readonly alarms = {
    setAlarm: async (atMs: number) => {
      this.alarmsSet += 1;
      this.alarmAtMs = atMs;
    },
    deleteAlarm: async () => void (this.alarmAtMs = undefined),
  };
  readonly disk: BucketDisk;
  #ids = 0;
  readonly #record = new Map<"bucket", BucketRecord>();
  readonly #keyedRows = new Map<number, string>();
  readonly #grantRows = new Map<number, StoredGrantRow>();
  readonly #ticketSecret = new Map<"secret", Uint8Array>();
  readonly #removed = new Map<"removed", readonly RemovedCaller[]>();
  #rowsRead = 0;

  constructor() {
    this.disk = {
      read: () => structuredClone(this.#record.get("bucket")),
      write: (record) => this.#put("bucket", this.#record, "bucket", record),
      keyedGrants: {
        list: () => structuredClone(this.#keyedRows),
        put: (slot, row) => this.#put(`keyed ${slot}`, this.#keyedRows, slot, row),
        earlier: { list: () => [], delete: () => undefined },
      },
      ticketSecret: {
        read: () => structuredClone(this.#ticketSecret.get("secret")),
        write: (secret) => this.#put("ticket secret", this.#ticketSecret, "secret", secret),
      },
      removedCallers: {
        read: () => structuredClone(this.#removed.get("removed")),
        write: (callers) => this.#put("removed", this.#removed, "removed", callers),
      },
      grantRows: {
        list: () => {
          this.#rowsRead += 1;
          return structuredClone(this.#grantRows);
        },
        put: (slot, row) => this.#put(`open ${slot}`, this.#grantRows, slot, row),
      },
      erase: async () => {
        this.alarmAtMs = undefined;
        const all = [this.#record, this.#keyedRows, this.#ticketSecret, this.#grantRows];
        for (const rows of [...all, this.#removed]) rows.clear();
      },
    };
  }

  /** How often the rows of open grants were read. */
  get rowsRead(): number {
    return this.#rowsRead;
  }

  readonly newId = (): string => {
    this.#ids += 1;
    return `id-${this.#ids}`;
  };

  randomBytes(count: number): Uint8Array {
    return crypto.getRandomValues(new Uint8Array(count));
  }

  abort(): void {
    this.isAborted = true;
  }

  /** The writes since the last call. */
  takeWrites(): string[] {
    const { writes } = this;
    this.writes = [];
    return writes;
  }

  #put<Key, Row>(name: string, rows: Map<Key, Row>, key: Key, row: Row): void {
    if (this.isBroken) throw new Error("The disk is full");
    rows.set(key, structuredClone(row));
    this.writes.push(name);
  }
}
