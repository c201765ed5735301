import { describe, expect, it, vi } from "vitest";

import { followedResponse } from "../../src/holding/followed-response.ts";

async function settle(): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve);
  });
}

describe("followedResponse", () => {
  it("is the response with another body, and what was fetched stays known", async () => {
    const response = new Response("fine", { status: 203, headers: { "X-Id": "7" } });
    Object.defineProperty(response, "url", { value: "https://api.example.com/7" });
    const followed = followedResponse(response, undefined, () => undefined);
    expect(followed).toMatchObject({ status: 203, url: "https://api.example.com/7" });
    expect(followed?.headers.get("X-Id")).toBe("7");
    expect(await followed?.clone().text()).toBe("fine");
    expect(await followed?.text()).toBe("fine");
  });

  it("is done when a short body has arrived, though nobody reads it", async () => {
    const done = vi.fn<() => void>();
    followedResponse(new Response("x".repeat(60_000)), undefined, done);
    await settle();
    expect(done).toHaveBeenCalledTimes(1);
  });

  it("is not done before a long one is read or cancelled", async () => {
    const done = vi.fn<() => void>();
    let chunks = 0;
    const long = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        chunks += 1;
        controller.enqueue(new Uint8Array(10_000));
      },
    });
    const followed = followedResponse(new Response(long), undefined, done);
    await settle();
    expect([chunks < 12, done.mock.calls.length]).toEqual([true, 0]);
    await followed?.body?.cancel();
    await settle();
    expect(done).toHaveBeenCalledTimes(1);
  });

  it("is nothing without a body, or if it is being read elsewhere", () => {
    const done = vi.fn<() => void>();
    const read = new Response("read");
    read.body?.getReader();
    expect(followedResponse(new Response(null, { status: 204 }), undefined, done)).toBeUndefined();
    expect(followedResponse(read, undefined, done)).toBeUndefined();
    expect(done).not.toHaveBeenCalled();
  });
});
