import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { readEvents } from "../../src/dashboard/event-stream.ts";

const TEXT =
  ': hello\n\nevent: queued\ndata: {"position":1,"etaMs":900}\n\n:\n\nretry: 5\n\nevent:granted\r\ndata:ä\r\ndata: b\r\n\r\ndata: cut';

async function eventsOf(pieces: readonly Uint8Array[]): Promise<unknown[]> {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece);
      controller.close();
    },
  });
  const events: unknown[] = [];
  for await (const event of readEvents(body)) events.push(event);
  return events;
}

describe("readEvents", () => {
  it("reads events however the stream is cut, and no event that did not end", async () => {
    const bytes = new TextEncoder().encode(TEXT);
    const cuts = fc.uniqueArray(fc.integer({ min: 1, max: bytes.length - 1 }));
    const law = fc.asyncProperty(cuts, async (places) => {
      const ends = [...places.sort((a, b) => a - b), bytes.length];
      const pieces = ends.map((end, index) => bytes.slice(ends[index - 1] ?? 0, end));
      expect(await eventsOf(pieces)).toEqual([
        { event: "queued", data: '{"position":1,"etaMs":900}' },
        { event: "granted", data: "ä\nb" },
      ]);
    });
    await fc.assert(law);
  });
});
