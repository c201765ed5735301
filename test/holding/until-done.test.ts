/** More of it is in test/local/with-hold.test.ts, where a hold is settled by it. */
import { PassThrough, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

import { describe, expect, it, vi } from "vitest";

import { untilDone } from "../../src/holding/until-done.ts";

const never = new AbortController().signal;

async function* counting(ended: () => void): AsyncGenerator<number, string, unknown> {
  try {
    yield 1;
    yield 2;
    return "all";
  } finally {
    ended();
  }
}

describe("untilDone", () => {
  it.each([undefined, null, 5, "text", { a: 1 }, [1, 2], new Map(), Promise.resolve()])(
    "doesn't follow %s",
    (value) => {
      const done = vi.fn<() => void>();
      expect(untilDone(value, never, done)).toBeUndefined();
      expect(done).not.toHaveBeenCalled();
    },
  );

  it("follows a generator to its end, with what it is sent and returns", async () => {
    const done = vi.fn<() => void>();
    const followed = untilDone(counting(vi.fn<() => void>()), never, done);
    expect(await followed?.next()).toEqual({ done: false, value: 1 });
    expect(await followed?.next("sent")).toEqual({ done: false, value: 2 });
    expect(done).not.toHaveBeenCalled();
    expect(await followed?.next()).toEqual({ done: true, value: "all" });
    expect(done).toHaveBeenCalledTimes(1);
  });

  it("is done when a generator is left before it has begun", async () => {
    const done = vi.fn<() => void>();
    const followed = untilDone(counting(vi.fn<() => void>()), never, done);
    expect(await followed?.return("early")).toEqual({ done: true, value: "early" });
    expect(done).toHaveBeenCalledTimes(1);
  });

  it("is done when an error is thrown into it", async () => {
    const done = vi.fn<() => void>();
    const ended = vi.fn<() => void>();
    const followed = untilDone(counting(ended), never, done);
    await followed?.next();
    await expect(followed?.throw(new Error("stop"))).rejects.toThrow("stop");
    expect([ended.mock.calls.length, done.mock.calls.length]).toEqual([1, 1]);
  });

  it("ends its source when the signal aborts", async () => {
    const caller = new AbortController();
    const done = vi.fn<() => void>();
    const ended = vi.fn<() => void>();
    const followed = untilDone(counting(ended), caller.signal, done);
    await followed?.next();
    caller.abort(new Error("left"));
    await expect(followed?.next()).rejects.toThrow("left");
    await expect.poll(() => ended.mock.calls.length).toBe(1);
    expect(done).toHaveBeenCalled();
  });

  it("follows an iterator that can neither return nor throw", async () => {
    const done = vi.fn<() => void>();
    const plain = {
      next: async () => ({ done: false, value: 1 }) as const,
      [Symbol.asyncIterator]() {
        return this;
      },
    };
    const followed = untilDone(plain as AsyncIterableIterator<number>, never, done);
    expect(await followed?.return?.()).toMatchObject({ done: true });
    await expect(followed?.throw?.(new Error("stop"))).rejects.toThrow("stop");
    expect(done).toHaveBeenCalledTimes(2);
  });

  it("follows a stream of Node, whether it is piped, iterated or destroyed", async () => {
    const ways = [
      (stream: Readable) => pipeline(stream, new PassThrough().resume()),
      (stream: Readable) => stream.toArray(),
      (stream: Readable) => stream.destroy(),
    ];
    for (const end of ways) {
      const done = vi.fn<() => void>();
      const stream = Readable.from(["a", "b", "c"]);
      expect(untilDone(stream, never, done)).toBe(stream);
      expect(done).not.toHaveBeenCalled();
      await end(stream);
      await expect.poll(() => done.mock.calls.length).toBe(1);
      expect(untilDone(stream, never, done)).toBeUndefined();
    }
  });

  it("destroys a stream of Node when the signal aborts", async () => {
    const caller = new AbortController();
    const done = vi.fn<() => void>();
    const stream = new Readable({ read: () => undefined });
    untilDone(stream, caller.signal, done);
    const reading = stream.toArray();
    caller.abort(new Error("left"));
    await expect(reading).rejects.toThrow("left");
    await expect.poll(() => done.mock.calls.length).toBe(1);
  });

  it("leaves an object with a body that is no stream alone", () => {
    const request = { status: 200, body: "text" };
    expect(untilDone(request, never, () => undefined)).toBeUndefined();
  });
});
