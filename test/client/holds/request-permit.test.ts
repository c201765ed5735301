/** What becomes of a permit that comes with a grant: in front of a handler, and in a paced fetch. */
import { Hono } from "hono";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { Client } from "../../../src/client/client.ts";

import { createPacedFetch, withRateLimit } from "../../../src/client/index.ts";
import { rateLimit } from "../../../src/hono/rate-limit.ts";

/** A client whose grants have a permit of nine seconds, and what it did with them. */
function permittingClient(extended: object = { ok: true }): { client: Client; calls: string[] } {
  const calls: string[] = [];
  let count = 0;
  const client = {
    acquire: async () => {
      count += 1;
      calls.push(`acquire ${count}`);
      const expiresAtMs = Date.now() + 9_000;
      const permit = { id: `p${count}`, fence: count, expiresAtMs };
      const numbers = { tokens: 1, remaining: 4, waitedMs: 0, grantedAtMs: Date.now() };
      return { ok: true, bucket: "b", ...numbers, permit };
    },
    extendPermit: async (_: string, id: string) => {
      calls.push(`extend ${id}`);
      return { expiresAtMs: Date.now() + 9_000, ...extended };
    },
    releasePermit: async (_: string, id: string) => {
      calls.push(`release ${id}`);
    },
    pause: async () => undefined,
  };
  return { client: client as unknown as Client, calls };
}

/** Ends when `end` is called. */
function openBody(): {
  body: ReadableStream<Uint8Array>;
  end: () => void;
  isCancelled: () => boolean;
} {
  let end: () => void = () => undefined;
  let isCancelled = false;
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      controller.enqueue(new TextEncoder().encode("first;"));
      end = (): void => controller.close();
    },
    cancel: () => {
      isCancelled = true;
    },
  });
  return { body, end: () => end(), isCancelled: () => isCancelled };
}

async function passMs(durationMs: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(durationMs);
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const request = new Request("http://app.test/");

describe.each(["hono", "plain"] as const)("the permit of a request, %s", (kind) => {
  function handlerOf(client: Client, handle: () => Response, options: object = {}) {
    const given = { client, bucket: "b", ...options };
    if (kind === "plain") {
      const limited = withRateLimit<Request, object, object>(handle, given);
      return (incoming: Request, env: object) => limited(incoming, env, {});
    }
    const app = new Hono();
    app.use(rateLimit(given));
    app.get("/", handle);
    return async (incoming: Request, env: object) => app.fetch(incoming, env);
  }

  it("is kept until its answer has been sent", async () => {
    const { client, calls } = permittingClient();
    const { body, end } = openBody();
    const response = await handlerOf(client, () => new Response(body))(request, {});
    await passMs(7_000);
    expect(calls).toEqual(["acquire 1", "extend p1", "extend p1"]);
    end();
    expect(await response.text()).toBe("first;");
    await passMs(60_000);
    expect(calls.slice(3)).toEqual(["release p1"]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("comes back when the caller leaves, and the handler's body is cancelled", async () => {
    const { client, calls } = permittingClient();
    const { body, isCancelled } = openBody();
    const response = await handlerOf(client, () => new Response(body))(request, {});
    await response.body?.cancel();
    await passMs(0);
    expect([isCancelled(), calls]).toEqual([true, ["acquire 1", "release p1"]]);
  });

  it("comes back if there is no body, and if the handler throws", async () => {
    const { client, calls } = permittingClient();
    await handlerOf(client, () => new Response(null, { status: 204 }))(request, {});
    await passMs(0);
    expect(calls).toEqual(["acquire 1", "release p1"]);
    const failing = handlerOf(client, () => {
      throw new Error("failed");
    });
    vi.spyOn(console, "error").mockReturnValue();
    await failing(request, {}).catch(() => undefined);
    await passMs(0);
    expect(calls.slice(2)).toEqual(["acquire 2", "release p2"]);
  });

  it("is given back and reported if it is lost, and the request goes on", async () => {
    const { client, calls } = permittingClient({ ok: false });
    const onError = vi.fn<(error: unknown) => void>();
    const { body, end } = openBody();
    const response = await handlerOf(client, () => new Response(body), { onError })(request, {});
    await passMs(3_000);
    expect(onError.mock.calls).toMatchObject([[{ name: "PermitLostError", fence: 1 }]]);
    end();
    expect(await response.text()).toBe("first;");
    await passMs(0);
    expect(calls).toEqual(["acquire 1", "extend p1", "release p1"]);
  });

  it("comes back at once in shadow mode", async () => {
    const { client, calls } = permittingClient();
    const onOutcome = vi.fn<() => void>();
    const options = { shadow: true, onOutcome };
    await handlerOf(client, () => new Response("fine"), options)(request, {});
    await passMs(0);
    expect(calls).toEqual(["acquire 1", "release p1"]);
    expect(onOutcome).toHaveBeenCalledTimes(1);
  });

  it("comes back if onOutcome fails", async () => {
    const { client, calls } = permittingClient();
    const onOutcome = (): void => {
      throw Object.assign(new Error("mine"), { getResponse: () => new Response("mine") });
    };
    const handle = handlerOf(client, () => new Response("never"), { onOutcome });
    await handle(request, {}).catch(() => undefined);
    await passMs(0);
    expect(calls).toEqual(["acquire 1", "release p1"]);
  });
});

describe("the permit of a paced fetch", () => {
  function pacedFetch(responses: (() => Response)[], client: Client) {
    const fetch = async (): Promise<Response> => {
      const respond = responses.shift();
      if (!respond) throw new TypeError("fetch failed");
      return respond();
    };
    return createPacedFetch({ client, bucket: "b", fetch });
  }

  it("is kept until the body has arrived, whether it is read or not", async () => {
    const { client, calls } = permittingClient();
    const { body, end } = openBody();
    await pacedFetch([() => new Response(body)], client)("http://api.test/");
    await passMs(4_000);
    expect(calls).toEqual(["acquire 1", "extend p1"]);
    end();
    await passMs(0);
    expect(calls.slice(2)).toEqual(["release p1"]);
  });

  it("leaves the response as it is, but for its body", async () => {
    const { client } = permittingClient();
    const fetched = new Response("fine", { status: 201, headers: { "X-Id": "7" } });
    Object.defineProperty(fetched, "url", { value: "http://api.test/7" });
    const response = await pacedFetch([() => fetched], client)("http://api.test/");
    const { status, url, headers } = response;
    expect([status, url, headers.get("X-Id")]).toEqual([201, "http://api.test/7", "7"]);
    expect(await response.clone().text()).toBe("fine");
  });

  it("comes back with each attempt, before the next one asks", async () => {
    const { client, calls } = permittingClient();
    const refusal = (): Response => {
      return new Response("later", { status: 429, headers: { "Retry-After": "1" } });
    };
    const fetching = pacedFetch([refusal, () => new Response("fine")], client)("http://api.test/");
    await passMs(2_000);
    expect(await (await fetching).text()).toBe("fine");
    await passMs(0);
    expect(calls).toEqual(["acquire 1", "release p1", "acquire 2", "release p2"]);
  });

  it("comes back if the call fails", async () => {
    const { client, calls } = permittingClient();
    await expect(pacedFetch([], client)("http://api.test/")).rejects.toThrow("fetch failed");
    expect(calls).toEqual(["acquire 1", "release p1"]);
  });
});
