import { describe, expect, it } from "vitest";

import {
  answerFormOf,
  eventStreamResponse,
  eventText,
  hasHadLastEvent,
  lastEventText,
  noMoreEvents,
} from "../../../src/worker/http/event-stream.ts";

describe("answerFormOf", () => {
  it.each([
    [undefined, "plain"],
    ["*/*", "plain"],
    ["text/*", "plain"],
    ["application/json", "plain"],
    ["text/event-streams", "plain"],
    ["text/event-stream;q=0", "plain"],
    ["text/event-stream", "stream"],
    ["TEXT/Event-Stream, */*;q=0.1", "stream"],
    ["text/event-stream, application/json", "stream-if-queued"],
    ["application/json;q=0.1, text/event-stream", "stream-if-queued"],
    ["text/event-stream, application/json;q=0", "stream"],
  ])("for Accept: %s is %s", (accept, form) => {
    const headers = new Headers(accept === undefined ? {} : { Accept: accept });
    expect(answerFormOf(headers)).toBe(form);
  });
});

describe("events", () => {
  it("have a name and a line of data; the last one has an id, too", () => {
    expect(eventText("queued", "{}")).toBe("event: queued\ndata: {}\n\n");
    expect(lastEventText("granted", "{}")).toBe("id: settled\nevent: granted\ndata: {}\n\n");
  });

  it.each([
    [undefined, false],
    ["", false],
    ["1", false],
    ["settled", true],
  ])("Last-Event-ID %s: the last one was received: %s", (id, expected) => {
    const headers = new Headers(id === undefined ? {} : { "Last-Event-ID": id });
    expect(hasHadLastEvent(headers)).toBe(expected);
  });

  it("end for an EventSource with 204, without a body", async () => {
    const response = noMoreEvents();
    expect([response.status, await response.text()]).toEqual([204, ""]);
  });

  it("are a response that proxies must not buffer or store", async () => {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const response = eventStreamResponse(readable);
    void writable.close();
    expect(response.headers.get("Content-Type")).toBe("text/event-stream");
    expect(response.headers.get("X-Accel-Buffering")).toBe("no");
    expect(response.headers.get("Cache-Control")).toBe("no-store");
    expect(await response.text()).toBe("");
  });
});
