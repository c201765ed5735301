import { describe, expect, it } from "vitest";

import type { Client } from "../../../src/client/client.ts";

import { createClient } from "../../../src/client/client.ts";
import { freePort } from "../../../kit/processes/server.ts";
import { FakeSocket } from "../../../kit/client/fake-socket.ts";
import { clientChooser, type ClientChoice } from "../../../src/client/middleware/client-choice.ts";

interface Context {
  readonly env: unknown;
  readonly ctx?: unknown;
}

const GRANT = { bucket: "x", tokens: 1, remaining: 0, waitedMs: 0, grantedAtMs: 5 };

function chooser(options: ClientChoice<Context>): (context: Context) => Client {
  return clientChooser(options, ({ env, ctx }) => ({ env, ctx }));
}

/** A binding that counts the attempts to acquire, and fails them if `fails`. */
function service(fails = false): { fetch(request: Request): Response; attempts: Request[] } {
  const attempts: Request[] = [];
  return {
    attempts,
    fetch(request) {
      attempts.push(request);
      if (fails) throw new Error("away");
      return Response.json(GRANT);
    },
  };
}

/** The execution context of a Worker that exports `Sluice`. */
function exporting(Sluice: unknown): unknown {
  return { exports: { Sluice } };
}

describe("clientChooser", () => {
  it("returns the client that is given, or the one that a function returns", () => {
    const client = createClient({ url: "http://sluice.test" });
    expect(chooser({ client })({ env: {} })).toBe(client);
    const other = createClient({ url: "http://other.test" });
    const choose = chooser({ client: ({ env }) => (env === "other" ? other : client) });
    expect([choose({ env: "other" }), choose({ env: {} })]).toEqual([other, client]);
  });

  it("makes one client of a URL, with its settings", async () => {
    const sent: object[] = [];
    const choose = chooser({
      url: "http://sluice.test",
      token: "t",
      fetch: async (url, { headers }) => {
        sent.push({ url, authorization: headers["Authorization"] });
        return Response.json(GRANT);
      },
    });
    await choose({ env: {} }).acquire("x");
    expect(choose({ env: {} })).toBe(choose({ env: {} }));
    expect(sent).toEqual([
      { url: "http://sluice.test/acquire?bucket=x", authorization: "Bearer t" },
    ]);
  });

  it("makes a client with sessions, if asked to", async () => {
    const urls: string[] = [];
    const choose = chooser({
      url: "http://sluice.test",
      transport: "session",
      fetch: async () => Response.json(GRANT),
      WebSocket: class extends FakeSocket {
        constructor(url: string) {
          super(url);
          urls.push(url);
          queueMicrotask(() => this.emit("close"));
        }
      },
    });
    await choose({ env: {} }).acquire("x");
    expect(urls).toEqual(["ws://sluice.test/buckets/x/session"]);
  });

  it("makes one client for each binding SLUICE", async () => {
    const choose = chooser({});
    const [one, other] = [service(), service()];
    const client = choose({ env: { SLUICE: one } });
    expect(choose({ env: { SLUICE: one } })).toBe(client);
    expect(choose({ env: { SLUICE: other } })).not.toBe(client);
    await client.acquire("x");
    expect([one.attempts.length, other.attempts.length]).toEqual([1, 0]);
  });

  it("prefers the binding SLUICE to what this Worker exports", async () => {
    const [bound, exported] = [service(), service()];
    await chooser({})({ env: { SLUICE: bound }, ctx: exporting(exported) }).acquire("x");
    expect([bound.attempts.length, exported.attempts.length]).toEqual([1, 0]);
  });

  it("makes one client of an export, which is a function with members in workerd", async () => {
    const exported = Object.assign(() => undefined, service());
    const choose = chooser({});
    const client = choose({ env: {}, ctx: exporting(exported) });
    expect(choose({ env: {}, ctx: exporting(exported) })).toBe(client);
    await client.acquire("x");
    expect(exported.attempts.length).toBe(1);
  });

  it.each<readonly [string, (bound: ReturnType<typeof service>) => Client]>([
    ["given as service", (bound) => chooser({ service: bound })({ env: {} })],
    ["bound as SLUICE", (bound) => chooser({})({ env: { SLUICE: bound } })],
    ["that this Worker exports", (bound) => chooser({})({ env: {}, ctx: exporting(bound) })],
  ])("asks a binding %s once, without a key", async (_, clientOf) => {
    const bound = service(true);
    await expect(clientOf(bound).acquire("x")).rejects.toMatchObject({ reason: "unavailable" });
    expect(bound.attempts.map(({ headers }) => headers.get("Idempotency-Key"))).toEqual([null]);
  });

  it.each([[undefined], [null], ["text"], [{}], [{ SLUICE: "text" }], [{ SLUICE: {} }]])(
    "lets onUnavailable decide if nothing is bound: %o",
    async (env) => {
      await expect(chooser({})({ env }).acquire("x")).rejects.toMatchObject({
        reason: "illegal-configuration",
        detail:
          "No client: pass client, url or service, bind Sluice as SLUICE, or export it from this Worker",
      });
      const open = chooser({ onUnavailable: "open", onError: () => undefined });
      expect(await open({ env }).acquire("x")).toMatchObject({ ok: true, isUnmetered: true });
    },
  );

  it.each([[undefined], [{}], [{ exports: undefined }], [exporting({})], [exporting("text")]])(
    "lets onUnavailable decide if nothing is exported either: %o",
    async (ctx) => {
      await expect(chooser({})({ env: {}, ctx }).acquire("x")).rejects.toMatchObject({
        reason: "illegal-configuration",
      });
    },
  );

  it("passes on how long an answer may be overdue", async () => {
    const silent = { fetch: () => new Promise<Response>(() => undefined) };
    const client = chooser({ overdueMs: 5 })({ env: { SLUICE: silent } });
    await expect(client.acquire("x", { timeoutMs: 5 })).rejects.toMatchObject({
      detail: "No answer within 10 ms",
    });
  });

  it("takes a url that may be undefined: the binding of a Worker, elsewhere an address", async () => {
    const bound = service();
    const options = (url: string | undefined): ClientChoice<Context> => ({ url, retryForMs: 0 });
    await chooser(options(undefined))({ env: { SLUICE: bound } }).acquire("x");
    expect(bound.attempts.length).toBe(1);
    const address = `http://127.0.0.1:${await freePort()}`;
    await expect(chooser(options(address))({ env: {} }).inspect("x")).rejects.toThrow(
      "Cannot reach",
    );
  });

  it("checks its options when it is made", () => {
    expect(() => chooser({ url: "/relative" })).toThrow("url must be an absolute URL");
  });
});
