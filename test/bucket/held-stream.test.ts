import { expect, it } from "vitest";

import { HeldStream } from "../../src/bucket/held-stream.ts";

/** A disk that says when it is done. */
class SlowDisk {
  readonly #done: (() => void)[] = [];

  sync(): Promise<void> {
    return new Promise((resolve) => this.#done.push(resolve));
  }

  async finish(): Promise<void> {
    // The streams call `sync` in a later task.
    await scheduler.wait(0);
    for (const done of this.#done.splice(0)) done();
  }
}

const PLACE = { position: 2, grantAtMs: 5_000, etaMs: 1_000 };

async function linesOf(response: Response): Promise<unknown[]> {
  const lines = (await response.text()).trimEnd().split("\n");
  return lines.map((line): unknown => JSON.parse(line));
}

it("HeldStream: an answer that is there at once is the plain one", () => {
  const held = new HeldStream(new SlowDisk());
  held.answered({ kind: "cancelled" });
  expect(held.response.status).toBe(499);
});

it("HeldStream: a place and the answer are lines, once they are on disk", async () => {
  const disk = new SlowDisk();
  const held = new HeldStream(disk);
  held.moved(PLACE);
  const lines = linesOf(held.response);
  await disk.finish();
  await scheduler.wait(0);
  held.answered({ kind: "cancelled" });
  await disk.finish();
  expect(await lines).toMatchObject([
    { kind: "place", place: PLACE },
    { kind: "outcome", outcome: { status: 499 } },
  ]);
});

it("HeldStream: lines break off if the disk fails", async () => {
  const held = new HeldStream({ sync: () => Promise.reject(new Error("disk full")) });
  held.moved(PLACE);
  await expect(held.response.text()).rejects.toThrow("disk full");
});

it("HeldStream: lines break off with the reason of the signal that it listens to", async () => {
  const held = new HeldStream(new SlowDisk());
  const ends: string[] = [];
  const span = { settled: () => undefined, cancelled: () => ends.push("span") };
  held.waits(() => ends.push("place") > 0, span);
  held.moved(PLACE);
  const caller = new AbortController();
  caller.signal.addEventListener("abort", held);
  caller.abort(new Error("gone"));
  await expect(held.response.text()).rejects.toThrow("gone");
  expect(ends).toEqual(["place", "span"]);
});

it("HeldStream: a reader that leaves takes the request out of the queue", async () => {
  const held = new HeldStream(new SlowDisk());
  let hasLeft = false;
  const span = { settled: () => undefined, cancelled: () => undefined };
  held.waits(() => (hasLeft = true), span);
  held.moved(PLACE);
  await held.response.body?.cancel();
  expect(hasLeft).toBe(true);
});
