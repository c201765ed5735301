/** A bucket's disk in memory. It gives and takes copies, as a real one does, and never fails. */
import type { BucketDisk } from "../bucket/platform.ts";

/** The rows of one kind. */
class Rows<Row> {
  readonly #rows = new Map<number, Row>();

  read(slot = 0): Row | undefined {
    return structuredClone(this.#rows.get(slot));
  }

  put(slot: number, row: Row): void {
    this.#rows.set(slot, structuredClone(row));
  }

  list(): Map<number, Row> {
    return structuredClone(this.#rows);
  }

  clear(): void {
    this.#rows.clear();
  }
}

/** A kind of which there is one row. */
class OnlyRow<Row> extends Rows<Row> {
  write(row: Row): void {
    this.put(0, row);
  }
}

type Only<Name extends "ticketSecret" | "removedCallers"> = NonNullable<
  ReturnType<BucketDisk[Name]["read"]>
>;

/** An empty disk. */
export class MemoryDisk implements BucketDisk {
  readonly #record = new OnlyRow<NonNullable<ReturnType<BucketDisk["read"]>>>();
  readonly #keyed = new Rows<string>();
  readonly ticketSecret = new OnlyRow<Only<"ticketSecret">>();
  readonly removedCallers = new OnlyRow<Only<"removedCallers">>();
  readonly grantRows = new Rows<Parameters<BucketDisk["grantRows"]["put"]>[1]>();
  readonly keyedGrants: BucketDisk["keyedGrants"] = {
    list: () => this.#keyed.list(),
    put: (slot, row) => this.#keyed.put(slot, row),
    earlier: { list: () => [], delete: () => undefined },
  };

  read(): ReturnType<BucketDisk["read"]> {
    return this.#record.read();
  }

  write(record: Parameters<BucketDisk["write"]>[0]): void {
    this.#record.write(record);
  }

  async erase(): Promise<void> {
    const { ticketSecret, removedCallers, grantRows } = this;
    for (const rows of [this.#record, this.#keyed, ticketSecret, removedCallers, grantRows]) {
      rows.clear();
    }
  }
}
