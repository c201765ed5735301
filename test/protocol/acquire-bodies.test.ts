import { describe, expect, it } from "vitest";

import { STREAM_IF_QUEUED } from "../../src/protocol/acquire-bodies.ts";

describe("STREAM_IF_QUEUED", () => {
  it("names a stream and a plain answer, and is a header value as it stands", () => {
    const { headers } = new Request("http://x", { headers: { Accept: STREAM_IF_QUEUED } });
    expect(headers.get("Accept")?.split(", ")).toEqual(["text/event-stream", "application/json"]);
  });
});
