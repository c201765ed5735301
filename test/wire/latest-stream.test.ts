import { describe, expect, it, vi } from "vitest";

import { LatestStream } from "../../src/wire/latest-stream.ts";

/** What a reader gets next: text, `end`, or what broke it off. */
async function next(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string> {
  try {
    const { done, value } = await reader.read();
    return done ? "end" : new TextDecoder().decode(value);
  } catch (error) {
    return `broken: ${String(error)}`;
  }
}

describe("LatestStream", () => {
  it("hands each piece to a reader that keeps up", async () => {
    const stream = new LatestStream(() => undefined);
    const reader = stream.readable.getReader();
    for (const piece of ["one", "two", "three"]) {
      const read = next(reader);
      stream.put(piece);
      expect(await read).toBe(piece);
    }
  });

  it("keeps the latest piece alone for one that does not, and the last behind it", async () => {
    const stream = new LatestStream(() => undefined);
    for (let piece = 0; piece < 100_000; piece += 1) stream.put(`${piece} `);
    stream.end("over");
    stream.put("after the end");
    const reader = stream.readable.getReader();
    expect([await next(reader), await next(reader)]).toEqual(["99999 over", "end"]);
  });

  it("ends for a reader that waits, with a last piece and without one", async () => {
    for (const [piece, expected] of [
      ["over", ["over", "end"]],
      ["", ["end", "end"]],
    ] as const) {
      const stream = new LatestStream(() => undefined);
      const reader = stream.readable.getReader();
      const read = next(reader);
      await Promise.resolve();
      stream.end(piece);
      expect([await read, await next(reader)]).toEqual(expected);
    }
  });

  it("knows whether its reader has asked for more than it has", async () => {
    const stream = new LatestStream(() => undefined);
    expect(stream.hasUnread).toBe(false);
    stream.put("one");
    expect(stream.hasUnread).toBe(true);
    const reader = stream.readable.getReader();
    await next(reader);
    expect(stream.hasUnread).toBe(false);
    stream.end("");
    expect(stream.hasUnread).toBe(true);
  });

  it("breaks off for a reader that waits and for one that comes later", async () => {
    const waiting = new LatestStream(() => undefined);
    const reader = waiting.readable.getReader();
    const read = next(reader);
    await Promise.resolve();
    waiting.fail(new Error("gone"));
    waiting.end("too late");
    expect(await read).toBe("broken: Error: gone");
    const later = new LatestStream(() => undefined);
    later.put("never seen");
    later.fail(new Error("gone"));
    expect(await next(later.readable.getReader())).toBe("broken: Error: gone");
  });

  it("tells of a reader that goes away, once, and not after the end", async () => {
    const onCancel = vi.fn<(reason: unknown) => void>();
    const left = new LatestStream(onCancel);
    await left.readable.cancel("bored");
    left.put("to nobody");
    left.end("to nobody");
    expect(onCancel.mock.calls).toEqual([["bored"]]);
    const ended = new LatestStream(onCancel);
    ended.end("over");
    await ended.readable.cancel("bored");
    expect(onCancel).toHaveBeenCalledOnce();
  });

  it("tells of one that goes away while it waits", async () => {
    const onCancel = vi.fn<(reason: unknown) => void>();
    const stream = new LatestStream(onCancel);
    const reader = stream.readable.getReader();
    const read = next(reader);
    await Promise.resolve();
    await reader.cancel("bored");
    expect(await read).toBe("end");
    expect(onCancel).toHaveBeenCalledOnce();
    stream.put("to nobody");
    stream.end("to nobody");
  });
});
