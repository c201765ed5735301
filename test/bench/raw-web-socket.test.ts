import { expect, test } from "vitest";

import { FrameReader } from "../../kit/http/raw-web-socket.ts";

/** A frame from a server: text, unmasked, with its length in the shortest form. */
function frameOf(text: string): Buffer {
  const head = Buffer.alloc(10);
  head[0] = 0x81;
  if (text.length <= 125) {
    head[1] = text.length;
    return Buffer.concat([head.subarray(0, 2), Buffer.from(text)]);
  }
  if (text.length <= 0xffff) {
    head[1] = 126;
    head.writeUInt16BE(text.length, 2);
    return Buffer.concat([head.subarray(0, 4), Buffer.from(text)]);
  }
  head[1] = 127;
  head.writeBigUInt64BE(BigInt(text.length), 2);
  return Buffer.concat([head, Buffer.from(text)]);
}

const short = [0, 1, 125, 126, 1_000].map((length) => "x".repeat(length));
const long = [0xffff, 0x10000].map((length) => "x".repeat(length));

/** What is read of `texts` if their bytes come `size` at a time. */
function readIn(size: number, texts: readonly string[]): string[] {
  const bytes = Buffer.concat(texts.map(frameOf));
  const read: string[] = [];
  const reader = new FrameReader((text) => read.push(text));
  for (let at = 0; at < bytes.length; at += size) reader.take(bytes.subarray(at, at + size));
  return read;
}

test("FrameReader reads frames of any length, however they are cut", () => {
  for (const size of [1, 2, 3, 7, 126]) expect(readIn(size, short)).toEqual(short);
  const all = [...short, ...long, ...short];
  for (const size of [126, 4_096, 1_000_000]) expect(readIn(size, all)).toEqual(all);
});

test("FrameReader throws at a close frame, with its code and reason", () => {
  const close = Buffer.concat([Buffer.from([0x88, 6, 0x11, 0x38]), Buffer.from("slow")]);
  const reader = new FrameReader(() => undefined);
  expect(() => reader.take(close)).toThrow(/0x88 instead of text: 4408 slow/);
});
