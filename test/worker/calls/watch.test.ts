import { describe, expect, it } from "vitest";

import { problemOf, request } from "../../../kit/edge/surfaces.ts";
import { uniqueName, useVirtualTime } from "../../../kit/edge/virtual-time.ts";

useVirtualTime();

describe("GET /buckets/NAME/watch", () => {
  it("without an upgrade: 426, and what to send", async () => {
    const response = await request(`/buckets/${uniqueName()}/watch`);
    const { detail } = await problemOf(response, 426, "upgrade-required");
    expect(detail).toBe("Watching a bucket needs a WebSocket: send Upgrade: websocket");
  });

  it("speaks the subprotocol of the feed, and not that of a session", async () => {
    const response = await request(`/buckets/${uniqueName()}/watch`, {
      headers: { Upgrade: "websocket", "Sec-WebSocket-Protocol": "sluice.v1, sluice" },
    });
    expect(response.status).toBe(101);
    expect(response.headers.get("Sec-WebSocket-Protocol")).toBe("sluice");
    response.webSocket?.accept();
    response.webSocket?.close();
  });
});
