/**
 * Work under holds and permits of a bucket, against a Sluice that fails. How it ends otherwise is in
 * test/local/with-hold.test.ts and in the list of behaviours.
 */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import {
  createClient,
  withHold,
  withPermit,
  type ClientOptions,
} from "../../../src/client/index.ts";

const TTL_MS = 9_000;

/** A Sluice with one grant; calls whose line contains `isDown` don't reach it. */
function sluiceWith(
  grant: object,
  options: Pick<ClientOptions, "onUnavailable" | "retryForMs"> = {},
) {
  const sent: { readonly atMs: number; readonly line: string }[] = [];
  const startedAtMs = performance.now();
  const fake = {
    sent,
    isDown: (line: string): boolean => line === "",
    /** How long until a call that is down fails, in milliseconds. */
    silentMs: 0,
    client: createClient({
      url: "http://sluice.test",
      retryForMs: 0,
      ...options,
      fetch: async (url, { method, body = "" }) => {
        const line = `${method} ${url.replace(/^.*(acquire|holds|permits).*$/, "$1")} ${body}`;
        sent.push({ atMs: Math.round(performance.now() - startedAtMs), line: line.trim() });
        if (fake.isDown(line)) {
          if (fake.silentMs > 0) await passFor(fake.silentMs);
          throw new TypeError("fetch failed");
        }
        const expiresAtMs = Date.now() + TTL_MS;
        if (line.startsWith("POST acquire")) {
          const permit = "permit" in grant && { permit: { id: "h1", fence: 8, expiresAtMs } };
          const numbers = { tokens: 5, remaining: 0, waitedMs: 0, grantedAtMs: Date.now() };
          return Response.json({ bucket: "x", ...numbers, ...grant, ...permit });
        }
        if (line.startsWith("DELETE permits")) return new Response(null, { status: 204 });
        if (line.startsWith("PUT")) return Response.json({ id: "h1", fence: 8, expiresAtMs });
        if (body.includes("extendMs")) return Response.json({ id: "h1", expiresAtMs });
        const settled = { id: "h1", used: {}, returned: {}, owed: {}, settledAtMs: 1 };
        return Response.json(settled);
      },
    }),
    linesOf: (part: string) => sent.filter(({ line }) => line.includes(part)),
  };
  return fake;
}

const held = { hold: { id: "h1", expiresAtMs: 0 } };
const permitted = { permit: {} };

async function passMs(durationMs: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(durationMs);
}
function passFor(durationMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, durationMs);
  });
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe("withHold", () => {
  it("asks for a minute, extends it at its half, and settles once", async () => {
    const sluice = sluiceWith(held);
    const working = withHold(sluice.client, "x", {}, async ({ used }) => {
      await passFor(70_000);
      used(3);
    });
    await passMs(70_000);
    await working;
    await passMs(600_000);
    expect(sluice.sent).toEqual([
      { atMs: 0, line: "POST acquire" },
      { atMs: 30_000, line: 'POST holds {"extendMs":60000}' },
      { atMs: 60_000, line: 'POST holds {"extendMs":60000}' },
      { atMs: 70_000, line: 'POST holds {"used":3}' },
    ]);
  });

  it("keeps the result if the settle fails, tries again, and reports", async () => {
    const sluice = sluiceWith(held);
    sluice.isDown = (line) => line.includes("used");
    const onError = vi.fn<(error: unknown) => void>();
    const waitUntil = vi.fn<(promise: Promise<unknown>) => void>();
    const options = { onError, waitUntil };
    const working = withHold(sluice.client, "x", options, ({ used }) => {
      used(3);
      return "answer";
    });
    await passMs(2_000);
    expect(await working).toEqual({ ok: true, value: "answer" });
    expect(waitUntil).toHaveBeenCalledTimes(1);
    await passMs(60_000);
    expect(sluice.linesOf("used").map(({ atMs }) => atMs)).toEqual([0, 1_000, 6_000, 31_000]);
    expect(onError.mock.calls).toMatchObject([[{ name: "SluiceError", reason: "unavailable" }]]);
    await expect(waitUntil.mock.calls[0]?.[0]).resolves.toBeUndefined();
  });

  it("settles when Sluice is there again", async () => {
    const sluice = sluiceWith(held);
    let isDown = true;
    sluice.isDown = (line) => isDown && line.includes("used");
    const onError = vi.fn<(error: unknown) => void>();
    const working = withHold(sluice.client, "x", { onError }, ({ used }) => used(3));
    await passMs(4_000);
    await working;
    isDown = false;
    await passMs(60_000);
    expect(sluice.linesOf("used").map(({ atMs }) => atMs)).toEqual([0, 1_000, 6_000]);
    expect(onError).not.toHaveBeenCalled();
  });

  it("throws what the work throws, whatever becomes of the settle", async () => {
    const sluice = sluiceWith(held);
    sluice.isDown = (line) => line.includes("used");
    const working = withHold(sluice.client, "x", { onError: () => undefined }, () => {
      throw new Error("no answer");
    });
    working.catch(() => undefined);
    await passMs(2_000);
    await expect(working).rejects.toThrow("no answer");
    await passMs(60_000);
    expect(sluice.linesOf("used")[0]?.line).toBe('POST holds {"used":{}}');
  });

  it("goes on with the extensions if one of them fails", async () => {
    const sluice = sluiceWith(held);
    sluice.isDown = (line) => line.includes("extendMs");
    const working = withHold(sluice.client, "x", { holdMs: 2_000 }, () => passFor(3_500));
    await passMs(3_500);
    await working;
    expect(sluice.linesOf("extendMs").map(({ atMs }) => atMs)).toEqual([1_000, 2_000, 3_000]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("gives a permit back, too", async () => {
    const sluice = sluiceWith({ ...held, ...permitted });
    const outcome = await withHold(sluice.client, "x", {}, ({ grant }) => grant.permit?.fence);
    expect(outcome).toEqual({ ok: true, value: 8 });
    expect(sluice.linesOf("permits").map(({ line }) => line)).toEqual(["DELETE permits"]);
  });

  it("returns a refusal without running the work", async () => {
    const client = createClient({
      url: "http://sluice.test",
      fetch: async () => {
        const body = JSON.stringify({ reason: "timeout", detail: "Too late", retryAfterMs: 9 });
        return new Response(body, { status: 429 });
      },
    });
    const work = vi.fn<() => void>();
    expect(await withHold(client, "x", {}, work)).toMatchObject({ ok: false, retryAfterMs: 9 });
    expect(work).not.toHaveBeenCalled();
  });

  it("runs the work without a hold if it fails open", async () => {
    const sluice = sluiceWith(held, { onUnavailable: "open" });
    sluice.isDown = () => true;
    const outcome = await withHold(sluice.client, "x", {}, ({ id, used, grant }) => {
      used(7);
      return [id, grant.isUnmetered];
    });
    expect(outcome).toEqual({ ok: true, value: ["", true] });
    expect(sluice.sent).toHaveLength(1);
  });
});

describe("withPermit", () => {
  it("extends at a third of the permit's time, and releases once", async () => {
    const sluice = sluiceWith(permitted);
    const working = withPermit(sluice.client, "x", {}, async ({ id, fence, signal }) => {
      await passFor(10_000);
      return [id, fence, signal.aborted];
    });
    await passMs(10_000);
    expect(await working).toEqual({ ok: true, value: ["h1", 8, false] });
    await passMs(600_000);
    expect(sluice.sent).toEqual([
      { atMs: 0, line: "POST acquire" },
      { atMs: 3_000, line: "PUT permits" },
      { atMs: 6_000, line: "PUT permits" },
      { atMs: 9_000, line: "PUT permits" },
      { atMs: 10_000, line: "DELETE permits" },
    ]);
  });

  it("extends at once under a key that an earlier run may have used, whose permit may be about to end", async () => {
    const sluice = sluiceWith({ ...permitted, waitedMs: 60_000 });
    const options = { idempotencyKey: "job" };
    const working = withPermit(sluice.client, "x", options, () => passFor(4_000));
    await passMs(4_000);
    await working;
    expect(sluice.linesOf("PUT").map(({ atMs }) => atMs)).toEqual([0, 3_000]);
  });

  it("takes the permit for lost before Sluice gives it to somebody else", async () => {
    const sluice = sluiceWith(permitted);
    sluice.isDown = (line) => line.startsWith("PUT") && performance.now() > startedAtMs + 4_000;
    const startedAtMs = performance.now();
    const lostAtMs: number[] = [];
    const working = withPermit(sluice.client, "x", {}, async ({ signal }) => {
      signal.addEventListener("abort", () => lostAtMs.push(performance.now() - startedAtMs));
      await passFor(20_000);
      throw signal.reason;
    });
    working.catch(() => undefined);
    await passMs(20_000);
    await expect(working).rejects.toMatchObject({
      name: "PermitLostError",
      fence: 8,
      message: "The permit with fence 8 is lost: it could not be extended in time",
      cause: { reason: "unavailable" },
    });
    // Extended at 3 s for 9 s.
    expect(lostAtMs).toEqual([12_000]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("sends an extension again that isn't answered", async () => {
    const sluice = sluiceWith(permitted);
    let isFirst = true;
    sluice.silentMs = 60_000;
    sluice.isDown = (line) => {
      const isDown = isFirst && line.startsWith("PUT");
      if (isDown) isFirst = false;
      return isDown;
    };
    const working = withPermit(sluice.client, "x", {}, async ({ signal }) => {
      await passFor(12_000);
      return signal.aborted;
    });
    await passMs(12_000);
    expect(await working).toEqual({ ok: true, value: false });
    expect(sluice.linesOf("PUT").map(({ atMs }) => atMs)).toEqual([3_000, 6_900, 9_900]);
  });

  it("extends at once what was granted after a while of retries", async () => {
    const sluice = sluiceWith(permitted, { retryForMs: 60_000 });
    let isDown = true;
    sluice.isDown = (line) => isDown && line.startsWith("POST");
    const working = withPermit(sluice.client, "x", {}, async ({ signal }) => {
      await passFor(1_000);
      return signal.aborted;
    });
    await passMs(20_000);
    isDown = false;
    await passMs(20_000);
    expect(await working).toEqual({ ok: true, value: false });
    const lines = sluice.sent.map(({ line }) => line);
    expect(lines.slice(lines.indexOf("PUT permits"))).toEqual(["PUT permits", "DELETE permits"]);
  });

  it("breaks a stream off if the permit is lost", async () => {
    const sluice = sluiceWith(permitted);
    sluice.isDown = (line) => line.startsWith("PUT");
    const cancelled = vi.fn<(reason: unknown) => void>();
    const outcome = await withPermit(sluice.client, "x", {}, () => {
      return new Response(new ReadableStream({ cancel: cancelled }));
    });
    const text = outcome.ok ? outcome.value.text() : Promise.resolve("");
    text.catch(() => undefined);
    await passMs(9_000);
    await expect(text).rejects.toMatchObject({ name: "PermitLostError" });
    await passMs(0);
    expect(cancelled).toHaveBeenCalledTimes(1);
    expect(sluice.linesOf("DELETE")).toHaveLength(1);
  });

  it("reports a permit that can't be given back", async () => {
    const sluice = sluiceWith(permitted);
    sluice.isDown = (line) => line.startsWith("DELETE");
    const onError = vi.fn<(error: unknown) => void>();
    expect(await withPermit(sluice.client, "x", { onError }, () => 1)).toMatchObject({ value: 1 });
    expect(onError).toHaveBeenCalledTimes(1);
  });

  it("gives the hold back and throws if the bucket has no permits", async () => {
    const sluice = sluiceWith(held);
    const work = vi.fn<() => void>();
    await expect(withPermit(sluice.client, "x", { holdMs: 1_000 }, work)).rejects.toThrow(
      "withPermit needs concurrency in the policy of x",
    );
    expect(work).not.toHaveBeenCalled();
    expect(sluice.sent.map(({ line }) => line)).toEqual(["POST acquire", "DELETE holds"]);
  });

  it("gives work that fails open a fence below all others", async () => {
    const sluice = sluiceWith(permitted, { onUnavailable: "open" });
    sluice.isDown = () => true;
    const outcome = await withPermit(sluice.client, "x", {}, ({ id, fence }) => [id, fence]);
    expect(outcome).toEqual({ ok: true, value: ["", 0] });
  });
});
