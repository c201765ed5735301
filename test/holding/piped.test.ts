import { describe, expect, it, vi } from "vitest";

import { piped } from "../../src/holding/piped.ts";

/** Counts from 1 to `last`, as it is asked. */
function counting(last: number) {
  const made: number[] = [];
  const cancelled = vi.fn<(reason: unknown) => void>();
  const source = {
    pull: (controller: ReadableStreamDefaultController<number>): void => {
      if (made.length === last) controller.close();
      else controller.enqueue(made.push(made.length + 1));
    },
    cancel: cancelled,
  };
  return { stream: new ReadableStream<number>(source, { highWaterMark: 0 }), made, cancelled };
}

async function settle(): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve);
  });
}

describe("piped", () => {
  it("passes everything on, and is done when it has", async () => {
    const done = vi.fn<() => void>();
    const { stream } = counting(3);
    const read: number[] = [];
    for await (const item of piped(stream, undefined, done)) read.push(item);
    await settle();
    expect(read).toEqual([1, 2, 3]);
    expect(done).toHaveBeenCalledTimes(1);
  });

  it("holds one item before anybody reads, or as much as it is allowed to", async () => {
    const done = vi.fn<() => void>();
    const little = counting(9);
    piped(little.stream, undefined, done);
    const all = counting(9);
    piped(all.stream, undefined, done, { highWaterMark: 20 });
    await settle();
    expect([little.made.length, all.made.length]).toEqual([1, 9]);
    expect(done).toHaveBeenCalledTimes(1);
  });

  it("is done, and cancels its source, when its reader leaves", async () => {
    const done = vi.fn<() => void>();
    const { stream, cancelled } = counting(9);
    const reader = piped(stream, undefined, done).getReader();
    await reader.read();
    await reader.cancel("enough");
    await settle();
    expect([cancelled.mock.calls, done.mock.calls.length]).toEqual([[["enough"]], 1]);
  });

  it("is done, and fails, when its source does or the signal aborts", async () => {
    const done = vi.fn<() => void>();
    const failing = new ReadableStream<number>({
      pull: (controller) => controller.error(new Error("cut off")),
    });
    await expect(piped(failing, undefined, done).getReader().read()).rejects.toThrow("cut off");
    const caller = new AbortController();
    const { stream, cancelled } = counting(9);
    const reader = piped(stream, caller.signal, done).getReader();
    await reader.read();
    caller.abort(new Error("left"));
    await settle();
    await expect(reader.read()).rejects.toThrow("left");
    expect([cancelled.mock.calls.length, done.mock.calls.length]).toEqual([1, 2]);
  });
});
