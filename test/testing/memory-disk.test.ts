import { describe, expect, it } from "vitest";

import { MemoryDisk } from "../../src/testing/memory-disk.ts";

describe("MemoryDisk", () => {
  it("keeps copies of what is written, and gives copies", () => {
    const disk = new MemoryDisk();
    const secret = new Uint8Array([1, 2]);
    disk.ticketSecret.write(secret);
    secret[0] = 9;
    expect(disk.ticketSecret.read()).toEqual(new Uint8Array([1, 2]));
    disk.ticketSecret.read()?.fill(7);
    expect(disk.ticketSecret.read()).toEqual(new Uint8Array([1, 2]));
  });

  it("is empty at first, and after it was erased", async () => {
    const disk = new MemoryDisk();
    const state = (): unknown => [
      disk.read(),
      disk.ticketSecret.read(),
      disk.removedCallers.read(),
      [...disk.keyedGrants.list()],
      [...disk.grantRows.list()],
    ];
    const empty = [undefined, undefined, undefined, [], []];
    expect(state()).toEqual(empty);
    disk.ticketSecret.write(new Uint8Array(1));
    disk.removedCallers.write([]);
    disk.keyedGrants.put(3, "row");
    expect([...disk.keyedGrants.list()]).toEqual([[3, "row"]]);
    expect(state()).not.toEqual(empty);
    await disk.erase();
    expect(state()).toEqual(empty);
  });
});
