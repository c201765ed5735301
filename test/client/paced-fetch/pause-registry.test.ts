import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { Client } from "../../../src/client/client.ts";

import { createClient } from "../../../src/client/client.ts";
import { joinPause } from "../../../src/client/paced-fetch/pause-registry.ts";

const MANY = 200;

function newClient(): Client {
  const fetch = (): Promise<Response> => Promise.reject(new Error("not used"));
  return createClient({ url: "http://sluice.test", fetch, retryForMs: 0 });
}

/** Calls of so many other buckets begin and end. */
function useOthers(client: Client): void {
  for (let index = 0; index < MANY; index += 1) joinPause(client, `other-${index}`).leave();
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("joinPause", () => {
  it("gives one pause for each client, bucket and limit", () => {
    const [client, other] = [newClient(), newClient()];
    const pause = joinPause(client, "a");
    expect(joinPause(client, "a")).toBe(pause);
    expect(joinPause(client, "b")).not.toBe(pause);
    expect(joinPause(other, "a")).not.toBe(pause);
    expect(joinPause(client, "a", "rate")).toBe(pause);
    expect(joinPause(client, "a", "tpm")).not.toBe(pause);
  });

  it("keeps a pause that is in use, however many others come", () => {
    const client = newClient();
    const pause = joinPause(client, "a");
    useOthers(client);
    expect(joinPause(client, "a")).toBe(pause);
  });

  it("forgets a pause that nothing needs once others come", () => {
    const client = newClient();
    const pause = joinPause(client, "a");
    pause.leave();
    useOthers(client);
    expect(joinPause(client, "a")).not.toBe(pause);
  });

  it("keeps a pause that is not over", async () => {
    const client = newClient();
    const pause = joinPause(client, "a");
    const request = { durationMs: 30_000, tokens: 0, aheadMs: 0, onFailed: () => undefined };
    await pause.refuse(request);
    pause.leave();
    useOthers(client);
    expect(joinPause(client, "a")).toBe(pause);
    pause.leave();
    // A minute after its end, a refusal has nothing to do with it any more.
    vi.advanceTimersByTime(90_000);
    useOthers(client);
    expect(joinPause(client, "a")).not.toBe(pause);
  });
});
