/** A session as the callers of a client see it, in virtual time. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import {
  GRANTED,
  scriptedSessions,
  turn,
  type ScriptedSessions,
} from "../../../kit/client/scripted-sessions.ts";

beforeEach(() => {
  vi.useFakeTimers();
  // Pauses are as long as they can be.
  vi.spyOn(Math, "random").mockReturnValue(1);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** A client with an open session. */
async function opened(...parts: Parameters<typeof scriptedSessions>) {
  const scripted = scriptedSessions(...parts);
  const first = scripted.client.acquire("a/b");
  await turn();
  scripted.latest.emit("open");
  await turn();
  scripted.latest.grant(1);
  await first;
  return scripted;
}

/** For so long, every connection fails. */
async function failFor(scripted: ScriptedSessions, durationMs: number): Promise<void> {
  for (let elapsedMs = 0; elapsedMs < durationMs; elapsedMs += 100) {
    await vi.advanceTimersByTimeAsync(100);
    scripted.latest.emit("close");
  }
}

const queued = (id: number, ticket: string): object => {
  return { id, queued: { position: id, etaMs: 1_000, ticket } };
};

describe("an acquire on a session", () => {
  it("is sent with all that it asks for, to the session of its bucket", async () => {
    const { client, latest, calls } = await opened({ token: "secret" });
    expect(latest.url).toBe("ws://sluice.test/base/buckets/a%2Fb/session");
    expect(latest.protocols).toEqual(["sluice.v1", "sluice.bearer.c2VjcmV0"]);
    const limits = { tpm: 1_200, rate: 0 };
    void client.acquire("a/b", {
      tokens: 2,
      limits,
      timeoutMs: 9,
      holdMs: 5_000,
      idempotencyKey: 'k"1',
      onQueued: () => undefined,
    });
    await turn();
    expect(latest.messages[1]).toEqual({
      op: "acquire",
      id: 2,
      tokens: 2,
      "tokens.tpm": 1_200,
      "tokens.rate": 0,
      timeoutMs: 9,
      holdMs: 5_000,
      key: 'k"1',
      follow: true,
      fields: true,
    });
    const plain = {
      op: "acquire",
      id: 1,
      key: expect.stringMatching(/^[0-9a-f]{32}$/),
      fields: true,
    };
    expect([latest.messages[0], calls]).toEqual([plain, []]);
  });

  it("resolves with the grant as over HTTP, with its fields", async () => {
    const { client, latest } = await opened();
    const acquired = client.acquire("a/b");
    await turn();
    const fields = { RateLimit: '"*";r=3;t=1', "RateLimit-Policy": '"*";q=5;w=5' };
    const hold = { id: "h", expiresAtMs: 9_000 };
    latest.answer({ id: 2, granted: { ...GRANTED, remaining: 3, hold }, fields });
    expect(await acquired).toEqual({
      ok: true,
      bucket: "a/b",
      ...GRANTED,
      remaining: 3,
      hold,
      rateLimit: { policy: "*", capacity: 5, windowSeconds: 5, remaining: 3, resetSeconds: 1 },
    });
  });

  it("resolves with a refusal, and rejects for a fault, as over HTTP", async () => {
    const { client, latest } = await opened();
    const refused = client.acquire("a/b");
    const faulty = client.acquire("a/b");
    const cancelled = client.acquire("a/b");
    const faultOf = faulty.catch((error: unknown) => error);
    await turn();
    const errors = [{ field: "timeoutMs", message: "timeoutMs is too long" }];
    latest.answer(
      { id: 2, refused: { status: 429, reason: "timeout", detail: "late", retryAfterMs: 7 } },
      { id: 3, refused: { status: 400, reason: "invalid-request", detail: "wrong", errors } },
      { id: 4, cancelled: {} },
    );
    expect(await refused).toMatchObject({
      ok: false,
      reason: "timeout",
      detail: "late",
      retryAfterMs: 7,
    });
    expect(await faultOf).toMatchObject({ name: "SluiceError", status: 400, errors });
    expect(await cancelled).toMatchObject({ ok: false, reason: "cancelled" });
  });

  it("shows its places, and leaves if its caller can't follow them", async () => {
    const { client, latest } = await opened();
    const places: unknown[] = [];
    const shown = client.acquire("a/b", { onQueued: (place) => places.push(place) });
    const failed = new Error("deaf");
    const late = { onQueued: () => Promise.reject(failed) };
    const deaf = [
      client.acquire("a/b", {
        onQueued: () => {
          throw failed;
        },
      }),
      client.acquire("a/b", late),
    ];
    const ends = Promise.allSettled(deaf);
    await turn();
    latest.answer(queued(2, "t2"), queued(3, "t3"), queued(4, "t4"));
    expect(await ends).toEqual([
      { status: "rejected", reason: failed },
      { status: "rejected", reason: failed },
    ]);
    await turn();
    const cancels = latest.messages.filter(({ op }) => op === "cancel");
    expect(cancels.map(({ id }) => id)).toEqual([3, 4]);
    latest.grant(2);
    expect([await shown, places]).toMatchObject([{ ok: true }, [{ position: 2, etaMs: 1_000 }]]);
  });

  it("shares a frame with those of the same moment", async () => {
    const { client, latest } = await opened();
    const before = latest.frames.length;
    for (let count = 0; count < 1_001; count += 1) void client.acquire("a/b");
    await turn();
    const frames = latest.frames.slice(before);
    expect(frames.flat().map(({ id }) => id)).toEqual(
      Array.from({ length: 1_001 }, (_, index) => index + 2),
    );
    expect(latest.sent.every((frame) => frame.length <= 61_440)).toBe(true);
    expect(frames.length).toBe(2);
  });

  it("sends a transient refusal again", async () => {
    const { client, latest } = await opened();
    const acquired = client.acquire("a/b");
    await turn();
    latest.answer({
      id: 2,
      refused: { status: 503, reason: "unavailable", detail: "shutting down" },
    });
    await vi.advanceTimersByTimeAsync(100);
    const [, first, second] = latest.messages;
    expect([second?.id, second?.["key"]]).toEqual([3, first?.["key"]]);
    latest.grant(3);
    expect(await acquired).toMatchObject({ ok: true });
  });
});

describe("an acquire that is aborted on a session", () => {
  async function aborted(options: object = {}) {
    const scripted = await opened();
    const controller = new AbortController();
    const kept: Promise<unknown>[] = [];
    const reason = new Error("enough");
    const outcome = scripted.client
      .acquire("a/b", {
        signal: controller.signal,
        waitUntil: (promise) => kept.push(promise),
        ...options,
      })
      .catch((error: unknown) => error);
    await turn();
    controller.abort(reason);
    expect(await outcome).toBe(reason);
    await turn();
    expect(scripted.latest.messages.at(-1)).toEqual({ op: "cancel", id: 2 });
    return { ...scripted, latest: scripted.latest, kept };
  }

  it("is cancelled there", async () => {
    const { latest, kept, calls } = await aborted();
    latest.answer({ id: 2, cancelled: {} });
    await Promise.all(kept);
    expect(calls).toEqual([]);
  });

  it("gives a grant back that crossed its cancel", async () => {
    const { latest, kept, calls } = await aborted();
    const held = { hold: { id: "h", expiresAtMs: 9_000 } };
    latest.grant(2, held);
    latest.answer({ id: 2, cancelled: {} });
    await Promise.all(kept);
    expect(calls).toEqual(["DELETE /buckets/a%2Fb/holds/h"]);
  });

  it("leaves such a grant to a caller with a key of its own", async () => {
    const { latest, kept, calls } = await aborted({ idempotencyKey: "mine" });
    latest.grant(2, { hold: { id: "h", expiresAtMs: 9_000 } });
    await Promise.all(kept);
    expect(calls).toEqual([]);
  });

  it("is cancelled over HTTP if the connection breaks first", async () => {
    const { latest, kept, calls } = await aborted();
    latest.emit("close");
    await Promise.all(kept);
    expect(calls[0]).toBe("DELETE /acquire?bucket=a%2Fb");
  });
});

describe("a session whose connection breaks", () => {
  it("sends what has not ended again, in order, with key and ticket", async () => {
    const scripted = await opened();
    const acquired = [2, 3, 4].map(() => scripted.client.acquire("a/b"));
    await turn();
    const broken = scripted.latest;
    broken.answer(queued(2, "t2"), queued(4, "t4"));
    broken.emit("close");
    await vi.advanceTimersByTimeAsync(100);
    const { latest, sockets } = scripted;
    expect([sockets.length, latest.sent]).toEqual([2, []]);
    latest.emit("open");
    await turn();
    const keys = broken.messages.slice(1).map(({ key }) => key);
    expect(latest.frames.length).toBe(1);
    expect(latest.messages.map(({ id, key, ticket }) => [id, key, ticket])).toEqual([
      [2, keys[0], "t2"],
      [3, keys[1], undefined],
      [4, keys[2], "t4"],
    ]);
    // What is late on the broken one is nothing to it.
    broken.grant(2);
    for (const id of [2, 3, 4]) latest.grant(id);
    for (const one of acquired) expect(await one).toMatchObject({ ok: true });
    expect(scripted.calls).toEqual([]);
  });

  it("retries over HTTP with the ticket if it can't be resumed within five seconds", async () => {
    const scripted = await opened();
    const acquired = scripted.client.acquire("a/b");
    await turn();
    scripted.latest.answer(queued(2, "t2"));
    scripted.latest.emit("close");
    await failFor(scripted, 4_900);
    expect(scripted.calls).toEqual([]);
    await failFor(scripted, 200);
    expect(await acquired).toMatchObject({ ok: true });
    expect(scripted.calls).toEqual(["POST /acquire?bucket=a%2Fb t2"]);
    const { length } = scripted.sockets;
    await scripted.client.acquire("a/b");
    expect([scripted.sockets.length, scripted.calls.length]).toEqual([length, 2]);
  });

  it("ends an acquire that would not wait for that, which is retried at once", async () => {
    const scripted = await opened();
    const tried = scripted.client.tryAcquire("a/b");
    await turn();
    scripted.latest.emit("close");
    await vi.advanceTimersByTimeAsync(100);
    // On another session, as nothing is left of the first.
    scripted.latest.emit("open");
    await turn();
    expect(scripted.latest.messages).toMatchObject([{ id: 1, timeoutMs: 0 }]);
    scripted.latest.grant(1);
    expect(await tried).toMatchObject({ ok: true });
  });

  it("ends an acquire whose time is over meanwhile, which is tried over HTTP once more", async () => {
    const scripted = await opened();
    const short = scripted.client.acquire("a/b", { timeoutMs: 1_000 });
    void scripted.client.acquire("a/b");
    await turn();
    scripted.latest.answer(queued(2, "t2"));
    scripted.latest.emit("close");
    await failFor(scripted, 900);
    expect(scripted.calls).toEqual([]);
    await failFor(scripted, 400);
    expect(await short).toMatchObject({ ok: true });
    expect(scripted.calls).toEqual(["POST /acquire?bucket=a%2Fb&timeoutMs=1000 t2"]);
  });

  it("counts what it takes as time to retry", async () => {
    const down = (): Promise<Response> => Promise.reject(new Error("down"));
    const scripted = await opened({ onUnavailable: "closed" }, down);
    const startedAtMs = Date.now();
    const acquired = scripted.client.acquire("a/b");
    await turn();
    scripted.latest.emit("close");
    const outcome = acquired.then(({ ok }) => [ok, Date.now() - startedAtMs]);
    await failFor(scripted, 12_000);
    const [ok, tookMs] = await outcome;
    expect(ok).toBe(false);
    // Without counting it would be 15 s.
    expect(tookMs).toBeGreaterThan(9_900);
    expect(tookMs).toBeLessThan(10_200);
  });

  it("sends nothing again without retries", async () => {
    const scripted = await opened({ retryForMs: 0, onUnavailable: "closed" });
    const acquired = scripted.client.acquire("a/b");
    await turn();
    expect(scripted.latest.messages[1]).not.toHaveProperty("key");
    scripted.latest.emit("close");
    expect(await acquired).toMatchObject({ ok: false, reason: "unavailable" });
    expect(scripted.calls).toEqual([]);
  });

  it("is taken for dead if a ping isn't answered, and resumed", async () => {
    const scripted = await opened();
    const acquired = scripted.client.acquire("a/b");
    await turn();
    const silent = scripted.latest;
    silent.answer(queued(2, "t2"));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(silent.sent.at(-1)).toBe("ping");
    silent.emit("message", "pong");
    await vi.advanceTimersByTimeAsync(10_000);
    expect(silent.sent.at(-1)).toBe("ping");
    await vi.advanceTimersByTimeAsync(10_100);
    expect([silent.isClosed, scripted.sockets.length]).toEqual([true, 2]);
    scripted.latest.emit("open");
    await turn();
    expect(scripted.latest.messages).toMatchObject([{ id: 2, ticket: "t2" }]);
    scripted.latest.grant(2);
    expect(await acquired).toMatchObject({ ok: true });
  });

  it("breaks if its pings are answered and an acquire isn't", async () => {
    const scripted = await opened();
    const acquired = scripted.client.acquire("a/b", { timeoutMs: 5_000 });
    await turn();
    const stuck = scripted.latest;
    const beating = setInterval(() => stuck.emit("message", "pong"), 1_000);
    await vi.advanceTimersByTimeAsync(15_000);
    clearInterval(beating);
    expect(stuck.isClosed).toBe(true);
    const [, first] = stuck.messages;
    await vi.advanceTimersByTimeAsync(100);
    scripted.latest.emit("open");
    await turn();
    expect(scripted.latest.messages).toMatchObject([{ id: 1, key: first?.["key"] }]);
    scripted.latest.grant(1);
    expect(await acquired).toMatchObject({ ok: true });
  });

  it("goes over HTTP once something else answers", async () => {
    for (const text of ["<html>", "null", '{"id":null,"refused":{}}', '{"id":2,"refused":{}}']) {
      const scripted = await opened();
      const acquired = scripted.client.acquire("a/b");
      await turn();
      scripted.latest.emit("message", text);
      await vi.advanceTimersByTimeAsync(100);
      expect(await acquired).toMatchObject({ ok: true });
      expect([scripted.calls.length, scripted.latest.isClosed]).toEqual([1, true]);
    }
  });

  it("ignores what a later version may say", async () => {
    const { client, latest } = await opened();
    const acquired = client.acquire("a/b");
    await turn();
    latest.answer({ id: 2, promised: {} }, { id: 77, granted: GRANTED });
    latest.grant(2);
    expect(await acquired).toMatchObject({ ok: true });
  });
});

describe("a session that can't be opened", () => {
  it("leaves its acquires to HTTP at once, and further ones for a minute", async () => {
    const { client, sockets, calls } = scriptedSessions();
    const acquired = [client.acquire("a"), client.acquire("a")];
    await turn();
    expect(calls).toEqual([]);
    sockets[0]?.emit("error");
    sockets[0]?.emit("close");
    await Promise.all(acquired);
    await vi.advanceTimersByTimeAsync(59_999);
    await client.acquire("a");
    expect([calls.length, sockets.length]).toEqual([3, 1]);
    await vi.advanceTimersByTimeAsync(1);
    void client.acquire("a");
    expect(sockets.length).toBe(2);
  });

  it("is not waited for longer than three seconds", async () => {
    const { client, calls } = scriptedSessions();
    const acquired = client.acquire("a");
    await vi.advanceTimersByTimeAsync(2_999);
    expect(calls).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(await acquired).toMatchObject({ ok: true });
  });

  it("may be aborted while it opens", async () => {
    const { client, calls, sockets } = scriptedSessions();
    const controller = new AbortController();
    const acquired = client.acquire("a", { signal: controller.signal, timeoutMs: 0 });
    const outcome = acquired.catch((error: unknown) => error);
    await turn();
    controller.abort("enough");
    expect(await outcome).toBe("enough");
    sockets[0]?.emit("open");
    await turn();
    expect([sockets[0]?.sent, calls]).toEqual([[], []]);
  });
});

describe("holds and permits on a session", () => {
  const permit = { id: "p", fence: 7, expiresAtMs: 3_005 };

  /** With a permit of three seconds. */
  async function permitted() {
    const scripted = await opened();
    const acquired = scripted.client.acquire("a/b");
    await turn();
    scripted.latest.grant(2, { permit });
    expect(await acquired).toMatchObject({ permit });
    return scripted;
  }

  it("are settled, extended and released there", async () => {
    const { client, latest, calls } = await permitted();
    const settling = client.settleHold("a/b", "h", { tpm: 5 });
    const extending = client.extendPermit("a/b", "p");
    const releasing = client.releasePermit("a/b", "p");
    await turn();
    expect(latest.frames.at(-1)).toEqual([
      { op: "settle", id: 3, hold: "h", used: { tpm: 5 } },
      { op: "extend", id: 4, permit: "p" },
      { op: "release", id: 5, permit: "p" },
    ]);
    const tokens = { used: { tpm: 5 }, returned: { tpm: 0 }, owed: { tpm: 0 } };
    const settled = { id: "h", ...tokens, settledAtMs: 9 };
    latest.answer({ id: 3, settled }, { id: 4, extended: permit }, { id: 5, released: {} });
    expect(await settling).toEqual({ ok: true, ...settled });
    expect(await extending).toEqual({ ok: true, ...permit });
    expect(await releasing).toBeUndefined();
    expect(calls).toEqual([]);
  });

  it("are refused as over HTTP", async () => {
    const { client, latest } = await permitted();
    const settling = client.settleHold("a/b", "h", 5);
    const extending = client.extendPermit("a/b", "p");
    await turn();
    const refused = { status: 409, reason: "hold-settled", detail: "no", settledAtMs: 4 };
    latest.answer(
      { id: 3, refused },
      { id: 4, refused: { status: 410, reason: "permit-lost", detail: "no" } },
    );
    expect(await settling).toEqual({ ok: false, reason: "hold-settled", settledAtMs: 4 });
    expect(await extending).toEqual({ ok: false, reason: "permit-lost" });
  });

  it("go over HTTP where a session has no message for it, or didn't grant the permit", async () => {
    const { client, latest, calls } = await permitted();
    const before = latest.sent.length;
    await Promise.allSettled([
      client.spendHold("a/b", "h", 1),
      client.extendHold("a/b", "h", 2_000),
      client.dropHold("a/b", "h"),
      client.extendPermit("a/b", "of-another"),
      client.settleHold("other", "h", 1),
    ]);
    expect(calls).toEqual([
      "POST /buckets/a%2Fb/holds/h",
      "POST /buckets/a%2Fb/holds/h",
      "DELETE /buckets/a%2Fb/holds/h",
      "PUT /buckets/a%2Fb/permits/of-another",
      "POST /buckets/other/holds/h",
    ]);
    expect(latest.sent.length).toBe(before);
  });

  it("are sent again if the connection breaks before the answer", async () => {
    const { client, latest, calls } = await permitted();
    const settling = client.settleHold("a/b", "h", 5).catch(() => undefined);
    await turn();
    latest.emit("close");
    await vi.advanceTimersByTimeAsync(100);
    await settling;
    expect(calls).toEqual(["POST /buckets/a%2Fb/holds/h"]);
  });

  it("end at their time unless they are extended, and keep the session open until then", async () => {
    const { client, latest } = await permitted();
    await vi.advanceTimersByTimeAsync(2_000);
    const extending = client.extendPermit("a/b", "p");
    await turn();
    latest.answer({ id: 3, extended: { ...permit, expiresAtMs: 5_005 } });
    await extending;
    await vi.advanceTimersByTimeAsync(2_999);
    const sent = latest.sent.length;
    await vi.advanceTimersByTimeAsync(1);
    expect(latest.messages.at(-1)).toEqual({ op: "release", id: 4, permit: "p" });
    expect([sent, latest.isClosed]).toEqual([latest.sent.length - 1, false]);
    latest.answer({ id: 4, released: {} });
    await vi.advanceTimersByTimeAsync(1_000);
    expect([latest.isClosed, vi.getTimerCount()]).toEqual([true, 0]);
  });

  it("go to the next connection, for as long as their holder extends them", async () => {
    const scripted = await permitted();
    scripted.latest.emit("close");
    await vi.advanceTimersByTimeAsync(100);
    const { latest } = scripted;
    latest.emit("open");
    await turn();
    expect(latest.messages).toEqual([{ op: "extend", id: 3, permit: "p" }]);
    latest.answer({ id: 3, extended: permit });
    await vi.advanceTimersByTimeAsync(2_900);
    expect(latest.messages.at(-1)).toEqual({ op: "release", id: 4, permit: "p" });
  });

  it("go to HTTP with a session that ends", async () => {
    const { client, calls } = await permitted();
    client.close();
    await turn();
    expect(calls).toEqual(["PUT /buckets/a%2Fb/permits/p"]);
  });
});

describe("an idle session", () => {
  it("closes a second after its last acquire, and leaves no timer", async () => {
    const { client, latest, sockets } = await opened();
    await vi.advanceTimersByTimeAsync(900);
    const acquired = client.acquire("a/b");
    await vi.advanceTimersByTimeAsync(5_000);
    latest.grant(2);
    await acquired;
    await vi.advanceTimersByTimeAsync(999);
    expect(latest.isClosed).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect([latest.isClosed, vi.getTimerCount()]).toEqual([true, 0]);
    void client.acquire("a/b");
    expect(sockets.length).toBe(2);
  });

  it("is not resumed", async () => {
    const { latest, sockets } = await opened();
    latest.emit("close");
    await vi.advanceTimersByTimeAsync(5_000);
    expect([sockets.length, vi.getTimerCount()]).toEqual([1, 0]);
  });

  it("closes at once with its client, whose acquires go on over HTTP", async () => {
    const { client, latest, calls } = await opened();
    const acquired = client.acquire("a/b");
    await turn();
    latest.answer(queued(2, "t2"));
    client.close();
    expect(latest.isClosed).toBe(true);
    await vi.advanceTimersByTimeAsync(100);
    expect(await acquired).toMatchObject({ ok: true });
    await client.acquire("a/b");
    expect(calls).toEqual(["POST /acquire?bucket=a%2Fb t2", "POST /acquire?bucket=a%2Fb"]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
