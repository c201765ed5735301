/** The parts that are not common to all frameworks; the rest is in limit-request.test.ts and test/hono. */
import { describe, expect, it } from "vitest";

import type { Client } from "../../../src/client/client.ts";

import { withRateLimit } from "../../../src/client/middleware/with-rate-limit.ts";

const rateLimit = { policy: "b", capacity: 5, windowSeconds: 1, remaining: 4 };
const granted = { ok: true, bucket: "b", tokens: 1, remaining: 4, waitedMs: 0, grantedAtMs: 5 };
const refused = { ok: false, bucket: "b", tokens: 1, reason: "queue-full", detail: "why" };

function clientThat(outcome: object): Client {
  return { acquire: async () => outcome } as unknown as Client;
}

const request = new Request("http://app.test/path");

describe("withRateLimit", () => {
  it("calls the handler with its own arguments, and adds the fields to its answer", async () => {
    const calls: unknown[][] = [];
    const handler = (...args: unknown[]): Response => {
      calls.push(args);
      return new Response("fine");
    };
    const [env, ctx] = [{ A: 1 }, {}];
    const client = clientThat({ ...granted, rateLimit });
    const response = await withRateLimit(handler, { client, bucket: "b" })(request, env, ctx);
    expect([await response.text(), response.headers.get("RateLimit")]).toEqual(["fine", '"b";r=4']);
    expect(calls).toEqual([[request, env, ctx]]);
  });

  it("answers in place of the handler if it is refused", async () => {
    const handler = (): Response => {
      throw new Error("not to be called");
    };
    const limited = withRateLimit(handler, { client: clientThat(refused), bucket: "b" });
    const response = await limited(request, {}, {});
    expect([response.status, await response.json()]).toMatchObject([429, { reason: "queue-full" }]);
  });

  it("passes request, env and ctx to its callbacks", async () => {
    const contexts: unknown[] = [];
    const [env, ctx] = [{ A: 1 }, {}];
    const limited = withRateLimit(() => new Response(), {
      client: clientThat(granted),
      bucket: (context) => {
        contexts.push(context);
        return "b";
      },
    });
    await limited(request, env, ctx);
    expect(contexts).toEqual([{ request, env, ctx }]);
  });

  it("has the type of a route handler with two arguments, or one, if the handler needs no more", async () => {
    const options = { client: clientThat(granted), bucket: "b" };
    const one: (incoming: Request) => Promise<Response> = withRateLimit(
      () => new Response("one"),
      options,
    );
    const two: (incoming: Request, context: { id: string }) => Promise<Response> = withRateLimit(
      (_: Request, { id }: { id: string }) => new Response(id),
      options,
    );
    // @ts-expect-error The handler needs the second argument.
    const wrong: (incoming: Request) => Promise<Response> = two;
    expect(await (await one(request)).text()).toBe("one");
    expect(await (await two(request, { id: "two" })).text()).toBe("two");
    await expect(wrong(request)).rejects.toThrow(TypeError);
  });

  it("keeps the runtime going with the ctx's own waitUntil, if there is one", async () => {
    class ExecutionContext {
      readonly kept: Promise<unknown>[] = [];
      waitUntil(promise: Promise<unknown>): void {
        this.kept.push(promise);
      }
    }
    const ctx = new ExecutionContext();
    const options = {
      client: clientThat(granted),
      bucket: "b",
      shadow: true,
      onOutcome: () => undefined,
    };
    const limited = withRateLimit<Request, object, unknown>(() => new Response("fine"), options);
    await limited(request, {}, ctx);
    expect(ctx.kept).toHaveLength(1);
    expect(await (await limited(request, {}, undefined)).text()).toBe("fine");
  });

  it("checks its options when it is made", () => {
    const client = clientThat(granted);
    const make = () => withRateLimit(() => new Response(), { client, bucket: "a b" });
    expect(make).toThrow("bucket must be");
  });
});
