/** A bucket's platform in memory, for one bucket at a time: a disk that outlives hosts, and a clock by hand. */
import type { BucketDisk, BucketPlatform } from "../../src/bucket/platform.ts";
import type { Clock } from "../../src/bucket/clock.ts";

import { MemoryDisk } from "../../src/testing/memory-disk.ts";
import { timeZones } from "../../src/time-zones.ts";

/** A platform whose disk lists each write, and can fail. */
export class MemoryPlatform implements BucketPlatform {
  /** Epoch milliseconds. */
  nowMs = 1_795_425_904_000;
  /** What was written since it was last emptied: `bucket`, `keyed SLOT`, `ticket secret` and `open SLOT`. */
  writes: string[] = [];
  /** How often the rows of open grants were read. */
  rowsRead = 0;
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

  constructor() {
    const disk = new MemoryDisk();
    const { keyedGrants, ticketSecret, removedCallers, grantRows } = disk;
    this.disk = {
      read: () => disk.read(),
      write: (record) => this.#write("bucket", () => disk.write(record)),
      keyedGrants: {
        ...keyedGrants,
        put: (slot, row) => this.#write(`keyed ${slot}`, () => keyedGrants.put(slot, row)),
      },
      ticketSecret: {
        read: () => ticketSecret.read(),
        write: (secret) => this.#write("ticket secret", () => ticketSecret.write(secret)),
      },
      removedCallers: {
        read: () => removedCallers.read(),
        write: (callers) => this.#write("removed", () => removedCallers.write(callers)),
      },
      grantRows: {
        list: () => {
          this.rowsRead += 1;
          return grantRows.list();
        },
        put: (slot, row) => this.#write(`open ${slot}`, () => grantRows.put(slot, row)),
      },
      erase: () => {
        this.alarmAtMs = undefined;
        return disk.erase();
      },
    };
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

  #write(name: string, write: () => void): void {
    if (this.isBroken) throw new Error("The disk is full");
    write();
    this.writes.push(name);
  }
}
