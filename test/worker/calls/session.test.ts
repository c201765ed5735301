import { runInDurableObject } from "cloudflare:test";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { PolicyChanges } from "../../../src/core/policy.ts";

import { CLOSED, ONE_A_SECOND, bearer, deployed } from "../../../kit/edge/deployed.ts";
import { EdgeSession } from "../../../kit/edge/edge-session.ts";
import {
  changePolicy,
  problemOf,
  request,
  settle,
  snapshotOf,
} from "../../../kit/edge/surfaces.ts";
import { anyMessage } from "../../../kit/model/session-messages.ts";
import { runs, timesSeen } from "../../../kit/runs.ts";
import { membersOf } from "../../../src/core/is-record.ts";
import { stubOf, uniqueName, useVirtualTime } from "../../../kit/edge/virtual-time.ts";

useVirtualTime();

const UPGRADE = { Upgrade: "websocket" };
const PATH = "/buckets/sessions/session";

async function open(
  variables: object,
  headers: Record<string, string>,
  path = PATH,
): Promise<Response> {
  const init = { headers: { ...UPGRADE, ...headers } };
  const response = await deployed({ ...CLOSED, ...variables }, path, init);
  if (response.webSocket) {
    response.webSocket.accept();
    response.webSocket.close(1000);
  }
  return response;
}

describe("GET /buckets/NAME/session", () => {
  it.each([
    ["sluice.v1", "sluice.v1"],
    ["sluice, sluice.v1", "sluice.v1"],
    ["sluice", null],
    [undefined, null],
  ])("with the subprotocols %j: 101, %j is spoken", async (offered, spoken) => {
    const headers = { ...(offered !== undefined && { "Sec-WebSocket-Protocol": offered }) };
    const response = await open({ PUBLIC: "true" }, headers);
    expect(response.status).toBe(101);
    expect(response.headers.get("Sec-WebSocket-Protocol")).toBe(spoken);
  });

  it("without an upgrade: 426, and what to send", async () => {
    const response = await request(`/buckets/${uniqueName()}/session`);
    expect(response.headers.get("Upgrade")).toBe("websocket");
    const { detail } = await problemOf(response, 426, "upgrade-required");
    expect(detail).toBe("A session needs a WebSocket: send Upgrade: websocket");
  });

  it("other methods: 405; a bad name: 400; a bucket that no policy has: 404", async () => {
    for (const method of ["POST", "HEAD", "PUT", "DELETE"]) {
      const response = await request(PATH, { method });
      expect(response.status).toBe(405);
      expect(response.headers.get("Allow")).toBe("GET");
    }
    const bad = await request("/buckets/a%20b/session", { headers: UPGRADE });
    await problemOf(bad, 400, "invalid-request");
    const POLICIES = { some: CLOSED.POLICIES["*"] };
    await problemOf(await open({ PUBLIC: "true", POLICIES }, {}), 404, "unknown-bucket");
  });

  it("makes no object where it is refused", async () => {
    const name = uniqueName();
    const headers = { Origin: "https://page.test" };
    await open({ PUBLIC: "true" }, headers, `/buckets/${name}/session`);
    await open({}, {}, `/buckets/${name}/session`);
    await runInDurableObject(stubOf(name), (_, state) => {
      expect(state.getWebSockets()).toEqual([]);
    });
  });
});

describe("who may open a session", () => {
  const base64url = (token: string): string =>
    btoa(token).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

  it.each<[string, Record<string, string>, number]>([
    ["a header", bearer("t1").headers, 101],
    [
      "a subprotocol",
      { "Sec-WebSocket-Protocol": `sluice.v1,sluice.bearer.${base64url("t1")}` },
      101,
    ],
    ["no token", { "Sec-WebSocket-Protocol": "sluice.v1" }, 401],
    ["another token", { "Sec-WebSocket-Protocol": `sluice.bearer.${base64url("t2")}` }, 401],
    ["the token as it is", { "Sec-WebSocket-Protocol": "sluice.v1, sluice.bearer.t1" }, 401],
    [
      "a wrong header beside the right subprotocol",
      { ...bearer("t2").headers, "Sec-WebSocket-Protocol": `sluice.bearer.${base64url("t1")}` },
      401,
    ],
  ])("%s: %i", async (_, headers, status) => {
    const response = await open({ API_TOKEN: "t1" }, headers);
    if (status === 101) expect(response.status).toBe(101);
    else await problemOf(response, status, "unauthorized");
  });

  it.each([
    [{ may: ["acquire"] }, 101],
    [{ may: ["read", "pause"] }, 401],
    [{ buckets: ["sess*"] }, 101],
    [{ buckets: ["other"] }, 401],
  ])("a token with %j: %i", async (scope, status) => {
    const API_TOKEN = [{ token: "t1", ...scope }];
    expect((await open({ API_TOKEN }, bearer("t1").headers)).status).toBe(status);
  });

  it("a deployment that nobody has opened: 401", async () => {
    await problemOf(await open({}, {}), 401, "unauthorized");
  });

  it("a bound Worker needs no token", async () => {
    const response = await deployed(CLOSED, PATH, { headers: UPGRADE }, "bound");
    expect(response.status).toBe(101);
    response.webSocket?.accept();
    response.webSocket?.close(1000);
  });

  it.each<[string | undefined, object, number]>([
    [undefined, {}, 101],
    ["https://sluice.test", {}, 101],
    ["https://page.test", {}, 403],
    ["null", {}, 403],
    ["https://page.test", { CORS_ORIGINS: "https://page.test" }, 101],
    ["https://other.test", { CORS_ORIGINS: "https://page.test" }, 403],
    ["https://other.test", { CORS_ORIGINS: "*" }, 101],
  ])("a page of %s, with %o: %i", async (origin, variables, status) => {
    const headers = { ...(origin !== undefined && { Origin: origin }) };
    const response = await open({ PUBLIC: "true", ...variables }, headers);
    if (status === 101) {
      expect(response.status).toBe(101);
      return;
    }
    const { detail } = await problemOf(response, status, "origin-not-allowed");
    expect(detail).toBe(
      `Pages from "${origin}" may not open a session: add the origin to CORS_ORIGINS`,
    );
  });
});

describe("a session", () => {
  const HOLDING_ALL = {
    ...ONE_A_SECOND,
    capacity: 10,
    initialTokens: 10,
    limits: {
      tpm: { capacity: 100, refillTokens: 1, refillIntervalMs: 1_000, initialTokens: 100 },
    },
    hold: { maxMs: 60_000 },
    concurrency: { max: 2, ttlMs: 10_000, graceMs: 0 },
  };

  /** A session of a bucket with this policy. */
  async function sessionWith(policy: PolicyChanges): Promise<[EdgeSession, name: string]> {
    const name = uniqueName();
    await changePolicy(name, policy);
    return [await EdgeSession.open(name), name];
  }

  it("has grants, holds and permits as HTTP has them", async () => {
    const [session, name] = await sessionWith(HOLDING_ALL);
    session.send({ op: "acquire", id: "a", "tokens.tpm": 40, holdMs: 5_000, fields: true });
    const granted = await session.ending("a");
    if (!("granted" in granted)) throw new Error(JSON.stringify(granted));
    const { hold, permit } = granted.granted;
    expect(granted).toEqual({
      id: "a",
      granted: {
        tokens: 1,
        remaining: 9,
        waitedMs: 0,
        grantedAtMs: Date.now(),
        limits: { tpm: { tokens: 40, remaining: 60 } },
        hold: { id: expect.any(String), expiresAtMs: Date.now() + 5_000 },
        permit: { id: hold?.id, fence: expect.any(Number), expiresAtMs: expect.any(Number) },
      },
      fields: {
        RateLimit: expect.stringMatching(/^"\*";r=9;t=1, "\*\/tpm";r=60;t=1$/),
        "RateLimit-Policy": expect.stringContaining('"*";q=10;'),
      },
    });
    session.send(
      { op: "settle", id: 1, hold: hold?.id, used: { tpm: 50 } },
      { op: "extend", id: 2, permit: permit?.id },
      { op: "release", id: 3, permit: permit?.id },
      { op: "settle", id: 4, hold: "unknown", used: 1 },
      { op: "extend", id: 5, permit: permit?.id },
    );
    while (session.messages.length < 6) await settle();
    expect(
      session.messages.slice(1).toSorted((one, other) => Number(one.id) - Number(other.id)),
    ).toMatchObject([
      { id: 1, settled: { used: { rate: 1, tpm: 50 }, owed: { rate: 0, tpm: 10 } } },
      { id: 2, extended: { id: permit?.id } },
      { id: 3, released: {} },
      { id: 4, refused: { status: 404, reason: "unknown-hold" } },
      { id: 5, refused: { status: 410, reason: "permit-lost" } },
    ]);
    expect(await snapshotOf(name)).toMatchObject({ granted: 1, sessions: 1, permits: { held: 0 } });
  });

  it("is refused what HTTP is refused, with the same faults", async () => {
    const [session, name] = await sessionWith({ ...ONE_A_SECOND, maxWaitMs: 5_000 });
    const asks = [
      { tokens: 2 },
      { timeoutMs: 5_001 },
      { "tokens.tpm": 1 },
      { holdMs: 1_000 },
      { tokens: -1, timeoutMs: "soon" },
      { tokens: 0 },
    ];
    session.send(...asks.map((ask, id) => ({ op: "acquire", id, ...ask })));
    for (const [id, ask] of asks.entries()) {
      const ending = await session.ending(id);
      const body = JSON.stringify({ bucket: name, ...ask });
      const overHttp = await request("/acquire", { method: "POST", body });
      expect(ending).toEqual({ id, refused: await overHttp.json() });
    }
  });

  it("asks the object, whatever the isolate has on lease", async () => {
    const lease = { maxTokens: 100, ttlMs: 5_000 };
    const [session, name] = await sessionWith({
      ...ONE_A_SECOND,
      capacity: 1_000,
      initialTokens: 1_000,
      lease,
    });
    session.send(...Array.from({ length: 50 }, (_, id) => ({ op: "acquire", id })));
    for (let id = 0; id < 50; id += 1) expect(await session.ending(id)).toHaveProperty("granted");
    expect(await snapshotOf(name)).toMatchObject({ granted: 50, tokens: 950 });
  });

  it("answers every message, whatever it is", async () => {
    const [session, name] = await sessionWith({
      ...HOLDING_ALL,
      capacity: 1_000_000_000,
      initialTokens: 1_000_000_000,
      concurrency: null,
    });
    const messages = fc.sample(anyMessage, runs(20_000)).map((message, index) => {
      // Each in use at most once, so that it is known what was answered to it.
      return Object.assign(membersOf(message), { id: index });
    });
    for (let from = 0; from < messages.length; from += 100) {
      session.send(...messages.slice(from, from + 100));
    }
    const answered = (): Set<unknown> => new Set(session.messages.map(({ id }) => id));
    while (answered().size < messages.length) await settle();
    expect(
      session.messages.filter((message) => {
        return "refused" in message && message.refused.status >= 500;
      }),
    ).toEqual([]);
    expect(session.closed).toBeUndefined();
    const { granted, sessions } = await snapshotOf(name);
    expect(sessions).toBe(1);
    expect(granted).toBeGreaterThan(timesSeen(30));
  });
});
