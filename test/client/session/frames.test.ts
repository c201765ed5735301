import { describe, expect, it } from "vitest";

import { framesOf, MAX_FRAME_LENGTH } from "../../../src/client/session/frames.ts";
import { readFrame } from "../../../src/protocol/session-calls.ts";

describe("framesOf", () => {
  it("has no frame for no message, and a bare one for one", () => {
    expect([framesOf([]), framesOf(["{}"])]).toEqual([[], ["{}"]]);
  });

  it("puts up to 1,000 messages into a frame, in order", () => {
    const messages = Array.from({ length: 2_001 }, (_, id) => JSON.stringify({ id }));
    const frames = framesOf(messages).map((frame): unknown[] => JSON.parse(frame));
    expect(frames.map(({ length }) => length)).toEqual([1_000, 1_000, 1]);
    expect(frames.flat()).toEqual(messages.map((message) => JSON.parse(message)));
  });

  it("fills a frame to its last byte, and not beyond", () => {
    const half = JSON.stringify("x".repeat((MAX_FRAME_LENGTH - 3) / 2 - 2));
    const other = JSON.stringify("x".repeat(MAX_FRAME_LENGTH - 3 - half.length - 2));
    expect(framesOf([half, other]).map(({ length }) => length)).toEqual([MAX_FRAME_LENGTH]);
    expect(framesOf([half, `${other} `]).length).toBe(2);
  });

  it("makes frames that Sluice reads", () => {
    const messages = Array.from({ length: 5_000 }, (_, id) =>
      JSON.stringify({ id, key: "k".repeat(200) }),
    );
    expect(framesOf(messages).every((frame) => readFrame(frame).ok)).toBe(true);
  });
});
