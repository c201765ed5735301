/** Holds and permits whose bucket's process is killed at any moment: what their holders find afterwards. */
import { describe, expect, it } from "vitest";

import type { GrantBody } from "../../src/protocol/acquire-bodies.ts";

import { acquire, acquirePath, arrive, snapshotOf } from "../../kit/http/callers.ts";
import { send } from "../../kit/http/http-connection.ts";
import { startWorkerd } from "../../kit/processes/server.ts";

/** Nothing comes in for the length of a test. */
const tenADay = {
  capacity: 10,
  refillTokens: 1,
  refillIntervalMs: 86_400_000,
  initialTokens: 10,
};
const policies = {
  "hold:*": { ...tenADay, hold: { maxMs: 600_000 } },
  "permit:*": { ...tenADay, concurrency: { max: 1, ttlMs: 60_000 } },
};

type Server = Awaited<ReturnType<typeof startWorkerd>>;

async function ask(
  server: Server,
  path: string,
  method: string,
  body?: object,
): Promise<{ readonly status: number; readonly body: unknown }> {
  const { status, body: answer } = await send(server.url, path, { method, ...(body && { body }) });
  return { status, body: answer };
}

function settle(server: Server, bucket: string, id: string, used: number) {
  return ask(server, `/buckets/${bucket}/holds/${id}`, "POST", { used });
}

function askPermit(server: Server, bucket: string, id: string, method: "PUT" | "DELETE") {
  return ask(server, `/buckets/${bucket}/permits/${id}`, method);
}

describe.concurrent("workerd killed with SIGKILL and started again", () => {
  it("between a hold's grant and its settle: gives back what wasn't used, once", async () => {
    await using server = await startWorkerd({ policies });
    const { hold } = await acquire(server, "hold:a", "tokens=6&holdMs=600000");
    const id = hold?.id ?? "";
    await server.restart();
    expect(await snapshotOf(server, "hold:a")).toMatchObject({
      tokens: 4,
      heldTokens: { rate: 6 },
    });
    const settled = await settle(server, "hold:a", id, 2);
    expect(settled).toMatchObject({ status: 200, body: { returned: { rate: 4 } } });
    await server.restart();
    expect(await settle(server, "hold:a", id, 2)).toEqual(settled);
    expect(await settle(server, "hold:a", id, 1)).toMatchObject({ status: 409 });
    expect(await snapshotOf(server, "hold:a")).toMatchObject({
      tokens: 8,
      heldTokens: { rate: 0 },
    });
  });

  it("after a debt: the debt is still owed", async () => {
    await using server = await startWorkerd({ policies });
    const { hold } = await acquire(server, "hold:debt", "tokens=8&holdMs=600000");
    await settle(server, "hold:debt", hold?.id ?? "", 13);
    await server.restart();
    const { tokens, owedTokens } = (await snapshotOf(server, "hold:debt")) as {
      readonly tokens: number;
      readonly owedTokens?: unknown;
    };
    expect({ tokens, owedTokens }).toEqual({ tokens: 0, owedTokens: { rate: 3 } });
  });

  it("after a keyed grant: the same key has the same hold", async () => {
    await using server = await startWorkerd({ policies });
    const headers = { "Idempotency-Key": "k" };
    const path = acquirePath("hold:key", "tokens=3&holdMs=600000");
    const first = await send(server.url, path, { headers });
    await server.restart();
    const second = await send(server.url, path, { headers });
    expect((second.body as GrantBody).hold).toEqual((first.body as GrantBody).hold);
    expect(await snapshotOf(server, "hold:key")).toMatchObject({ heldTokens: { rate: 3 } });
  });

  it("with a permit out: it is still out, and its holder may extend and release it", async () => {
    await using server = await startWorkerd({ policies });
    const { permit } = await acquire(server, "permit:a");
    const id = permit?.id ?? "";
    await server.restart();
    const refused = await send(server.url, acquirePath("permit:a", "timeoutMs=0"));
    expect(refused).toMatchObject({ status: 429, body: { estimate: true } });
    const extended = await askPermit(server, "permit:a", id, "PUT");
    expect(extended).toMatchObject({ status: 200, body: { id, fence: permit?.fence } });
    const { answer } = await arrive(server, "permit:a");
    expect(await askPermit(server, "permit:a", id, "DELETE")).toMatchObject({ status: 204 });
    const second = (await answer).body as GrantBody;
    expect(second.permit?.fence).toBeGreaterThan(permit?.fence ?? Infinity);
  });

  it("after a release: the permit is free, lost for its holder, and the next fence is higher", async () => {
    await using server = await startWorkerd({ policies });
    const { permit } = await acquire(server, "permit:b");
    const id = permit?.id ?? "";
    await askPermit(server, "permit:b", id, "DELETE");
    await server.restart();
    expect(await askPermit(server, "permit:b", id, "PUT")).toMatchObject({
      status: 410,
      body: { reason: "permit-lost" },
    });
    expect(await askPermit(server, "permit:b", id, "DELETE")).toMatchObject({ status: 204 });
    const next = await acquire(server, "permit:b");
    expect(next.permit?.fence).toBeGreaterThan(permit?.fence ?? Infinity);
  });

  it("under load, 10 times: never more permits out than there are, and all fences rise", async () => {
    await using server = await startWorkerd({ policies });
    const fences: number[] = [];
    for (let round = 0; round < 10; round += 1) {
      const bucket = `permit:load-${round % 2}`;
      const grants = await Promise.all(
        Array.from({ length: 4 }, () => send(server.url, acquirePath(bucket, "timeoutMs=0"))),
      );
      const granted = grants.filter(({ status }) => status === 200);
      expect(granted.length).toBeLessThanOrEqual(1);
      await server.restart();
      for (const { body } of granted) {
        const { permit } = body as GrantBody;
        fences.push(permit?.fence ?? Number.NaN);
        const refused = await send(server.url, acquirePath(bucket, "timeoutMs=0"));
        expect(refused.status).toBe(429);
        await askPermit(server, bucket, permit?.id ?? "", "DELETE");
      }
    }
    expect(fences).toEqual([...new Set(fences)].toSorted((one, other) => one - other));
    expect(fences).toHaveLength(10);
  });
});
