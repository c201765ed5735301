import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { createTokenBucketFilter } from "../../src/local/token-bucket-filter.ts";
import { withHold, withPermit } from "../../src/local/with-hold.ts";

const tokensADay = {
  capacity: 1_000,
  every: "day",
  hold: { max: "10m" },
  limits: { tpm: { capacity: 100_000, every: "day" } },
} as const;
const oneAtATime = {
  capacity: 100,
  refillTokens: 100,
  refillInterval: "1s",
  hold: { max: "1m" },
  concurrency: { max: 1, ttl: "9s" },
} as const;
/** One request, and an estimate of LLM tokens. */
const asked = { limits: { tpm: 1_000 } };

async function passMs(durationMs: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(durationMs);
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("withHold", () => {
  it("settles what the work used, and returns its result", async () => {
    const filter = createTokenBucketFilter(tokensADay);
    const outcome = await withHold(filter, asked, ({ used, grant }) => {
      expect(grant.limits).toMatchObject({ tpm: { tokens: 1_000 } });
      used({ tpm: 300 });
      used({ tpm: 400 });
      return "answer";
    });
    expect(outcome).toEqual({ ok: true, value: "answer" });
    expect(filter.inspect()).toMatchObject({
      tokens: 999,
      limits: { tpm: { tokens: 99_600 } },
      heldTokens: { rate: 0, tpm: 0 },
    });
  });

  it("books what was used beyond the estimate", async () => {
    const filter = createTokenBucketFilter(tokensADay);
    await withHold(filter, asked, ({ used }) => used({ tpm: 2_500 }));
    expect(filter.inspect().limits).toMatchObject({ tpm: { tokens: 97_500 } });
  });

  it("leaves the estimate spent if the work says nothing", async () => {
    const filter = createTokenBucketFilter(tokensADay);
    await withHold(filter, asked, () => undefined);
    expect(filter.inspect()).toMatchObject({
      limits: { tpm: { tokens: 99_000 } },
      heldTokens: { tpm: 0 },
    });
  });

  it("settles what was used so far if the work throws", async () => {
    const filter = createTokenBucketFilter(tokensADay);
    const failure = new Error("no answer");
    const working = withHold(filter, asked, ({ used }) => {
      used({ rate: 0, tpm: 0 });
      throw failure;
    });
    await expect(working).rejects.toBe(failure);
    expect(filter.inspect()).toMatchObject({ tokens: 1_000, limits: { tpm: { tokens: 100_000 } } });
  });

  it("settles what was used so far if the caller aborts", async () => {
    const filter = createTokenBucketFilter(tokensADay);
    const caller = new AbortController();
    const working = withHold(filter, { ...asked, signal: caller.signal }, async (hold) => {
      hold.used({ tpm: 10 });
      await new Promise((_, reject) => {
        hold.signal.addEventListener("abort", () => reject(hold.signal.reason));
      });
    });
    await passMs(1_000);
    caller.abort(new Error("left"));
    await expect(working).rejects.toThrow("left");
    expect(filter.inspect().limits).toMatchObject({ tpm: { tokens: 99_990 } });
  });

  it("keeps the hold for as long as the work takes", async () => {
    const filter = createTokenBucketFilter(tokensADay);
    let finish: () => void = () => undefined;
    const working = withHold(filter, { ...asked, holdMs: 1_000 }, async ({ used }) => {
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      used({ tpm: 1 });
    });
    await passMs(60_000);
    expect(filter.inspect().heldTokens).toEqual({ rate: 1, tpm: 1_000 });
    finish();
    await working;
    expect(filter.inspect().limits).toMatchObject({ tpm: { tokens: 99_999 } });
    expect(vi.getTimerCount()).toBe(0);
  });

  it("doesn't run the work if it is refused", async () => {
    const filter = createTokenBucketFilter(tokensADay);
    const work = vi.fn<() => void>();
    const outcome = await withHold(filter, { limits: { tpm: 100_001 } }, work);
    expect(outcome).toMatchObject({ ok: false, reason: "exceeds-capacity" });
    expect(work).not.toHaveBeenCalled();
  });

  it("says at once what can't have been used", async () => {
    const filter = createTokenBucketFilter(tokensADay);
    await withHold(filter, asked, ({ used }) => {
      expect(() => used(5)).toThrow(
        'used must name the limits: the hold took {"rate":1,"tpm":1000}, got 5',
      );
      expect(() => used({ tmp: 5 })).toThrow('"tmp" is no limit of this hold: rate, tpm');
      expect(() => used({ tpm: -5 })).toThrow("used.tpm must be an integer from 0");
    });
  });
});

describe("a result that goes on", () => {
  const encoder = new TextEncoder();

  /** Three chunks, of 100 LLM tokens each. */
  function chunks(used: (tokens: { tpm: number }) => void): ReadableStream<Uint8Array> {
    let sent = 0;
    return new ReadableStream(
      {
        pull: (controller) => {
          if (sent === 3) controller.close();
          else controller.enqueue(encoder.encode(`${(sent += 1)};`));
          used({ tpm: sent * 100 });
        },
      },
      { highWaterMark: 0 },
    );
  }

  it("is settled when a response has been read to its end", async () => {
    const filter = createTokenBucketFilter(tokensADay);
    const outcome = await withHold(filter, asked, ({ used }) => {
      return new Response(chunks(used), { status: 201, headers: { "X-Model": "small" } });
    });
    const response = outcome.ok ? outcome.value : undefined;
    expect([response?.status, response?.headers.get("X-Model")]).toEqual([201, "small"]);
    expect(filter.inspect().heldTokens).toEqual({ rate: 1, tpm: 1_000 });
    expect(await response?.text()).toBe("1;2;3;");
    await passMs(0);
    expect(filter.inspect()).toMatchObject({
      limits: { tpm: { tokens: 99_700 } },
      heldTokens: { tpm: 0 },
    });
    expect(vi.getTimerCount()).toBe(0);
  });

  it("is settled when its reader leaves half-way", async () => {
    const filter = createTokenBucketFilter(tokensADay);
    const outcome = await withHold(filter, asked, ({ used }) => chunks(used));
    const reader = outcome.ok ? outcome.value.getReader() : undefined;
    await reader?.read();
    await reader?.cancel();
    await passMs(0);
    const { tpm } = filter.inspect().limits ?? {};
    expect([99_900, 99_800]).toContain(tpm?.tokens);
    expect(filter.inspect().heldTokens).toMatchObject({ tpm: 0 });
  });

  it("is settled when its source fails", async () => {
    const filter = createTokenBucketFilter(tokensADay);
    const outcome = await withHold(filter, asked, ({ used }) => {
      const source = new ReadableStream({
        pull: (controller) => {
          used({ tpm: 50 });
          controller.error(new Error("cut off"));
        },
      });
      return new Response(source);
    });
    await expect(outcome.ok ? outcome.value.text() : "").rejects.toThrow("cut off");
    await passMs(0);
    expect(filter.inspect().limits).toMatchObject({ tpm: { tokens: 99_950 } });
  });

  it("is settled when a loop over a generator ends, or is left", async () => {
    for (const [leaveAt, left] of [
      [9, 99_970],
      [2, 99_980],
    ]) {
      const filter = createTokenBucketFilter(tokensADay);
      const outcome = await withHold(filter, asked, async function* ({ used }) {
        for (const item of [1, 2, 3]) {
          used({ tpm: item * 10 });
          yield item;
        }
      });
      for await (const item of outcome.ok ? outcome.value : []) if (item === leaveAt) break;
      await passMs(0);
      expect(filter.inspect().limits).toMatchObject({ tpm: { tokens: left } });
    }
  });

  it("is settled when a loop over an SDK's stream ends, which keeps its methods", async () => {
    class SdkStream implements AsyncIterable<number> {
      readonly #items = [1, 2];
      count(): number {
        return this.#items.length;
      }
      async *[Symbol.asyncIterator]() {
        yield* this.#items;
      }
    }
    const filter = createTokenBucketFilter(tokensADay);
    const outcome = await withHold(filter, asked, () => new SdkStream());
    const stream = outcome.ok ? outcome.value : new SdkStream();
    expect([stream instanceof SdkStream, stream.count()]).toEqual([true, 2]);
    expect(filter.inspect().heldTokens).toMatchObject({ tpm: 1_000 });
    const items: number[] = [];
    for await (const item of stream) items.push(item);
    await passMs(0);
    expect(items).toEqual([1, 2]);
    expect(filter.inspect().heldTokens).toMatchObject({ tpm: 0 });
  });

  it("fails when the caller aborts", async () => {
    const filter = createTokenBucketFilter(tokensADay);
    const caller = new AbortController();
    const { signal } = caller;
    const never = new ReadableStream<Uint8Array>();
    const streamed = await withHold(filter, { ...asked, signal }, () => new Response(never));
    const iterated = await withHold(filter, { ...asked, signal }, async function* () {
      yield await new Promise<number>(() => undefined);
    });
    const text = streamed.ok ? streamed.value.text() : Promise.resolve("");
    const next = iterated.ok ? iterated.value.next() : Promise.resolve();
    caller.abort(new Error("left"));
    await expect(text).rejects.toThrow("left");
    await expect(next).rejects.toThrow("left");
    await passMs(0);
    expect(filter.inspect().heldTokens).toMatchObject({ tpm: 0 });
  });

  it("counts as ended if it is being read elsewhere, or has no body", async () => {
    const filter = createTokenBucketFilter(tokensADay);
    const empty = await withHold(filter, asked, () => new Response(null, { status: 204 }));
    expect(empty.ok && empty.value.status).toBe(204);
    await withHold(filter, asked, async () => {
      const response = new Response("read");
      await response.text();
      return response;
    });
    await withHold(filter, asked, () => {
      const stream = new ReadableStream();
      stream.getReader();
      return stream;
    });
    expect(filter.inspect().heldTokens).toMatchObject({ tpm: 0 });
  });
});

describe("withPermit", () => {
  it("keeps others out until the work is done, whatever becomes of it", async () => {
    const filter = createTokenBucketFilter(oneAtATime);
    const first = withPermit(filter, {}, () => passFor(50_000));
    const second = withPermit(filter, {}, async ({ fence }) => {
      await passFor(1_000);
      throw new Error(`failed under ${fence > 0 ? "a fence" : "none"}`);
    });
    const third = withPermit(filter, { timeoutMs: 60_000 }, () => "third");
    second.catch(() => undefined);
    await passMs(49_999);
    expect(filter.inspect()).toMatchObject({ waiters: 2, permits: { max: 1, held: 1 } });
    await passMs(1_001);
    expect(await first).toMatchObject({ ok: true });
    await expect(second).rejects.toThrow("failed under a fence");
    expect(await third).toEqual({ ok: true, value: "third" });
    expect(filter.inspect().permits).toEqual({ max: 1, held: 0 });
    expect(vi.getTimerCount()).toBe(0);
  });

  it("keeps the permit of work that goes on after its caller has aborted", async () => {
    const filter = createTokenBucketFilter(oneAtATime);
    const caller = new AbortController();
    const working = withPermit(filter, { signal: caller.signal }, async ({ signal }) => {
      await passFor(30_000);
      return signal.reason instanceof Error ? signal.reason.message : "";
    });
    await passMs(1_000);
    caller.abort(new Error("left"));
    await passMs(28_000);
    expect(filter.tryGetToken()).toMatchObject({ ok: false, reason: "timeout" });
    await passMs(1_000);
    expect(await working).toEqual({ ok: true, value: "left" });
    expect(filter.tryGetToken()).toMatchObject({ ok: true });
  });

  it("stops the work if its permit is gone", async () => {
    const filter = createTokenBucketFilter(oneAtATime);
    const working = withPermit(filter, {}, async ({ id, signal, fence }) => {
      filter.releasePermit(id);
      await passFor(9_000);
      expect(signal.reason).toMatchObject({ name: "PermitLostError", fence });
      signal.throwIfAborted();
    });
    working.catch(() => undefined);
    await passMs(9_000);
    await expect(working).rejects.toThrow(/^The permit with fence \d+ is lost: its time was up/);
  });

  it("settles a hold, too", async () => {
    const filter = createTokenBucketFilter(oneAtATime);
    await withPermit(filter, { tokens: 50, holdMs: 5_000 }, ({ used }) => used(10));
    expect(filter.inspect()).toMatchObject({ tokens: 90, permits: { held: 0 } });
    await withPermit(filter, { tokens: 50 }, ({ used }) => {
      expect(() => used(10)).toThrow(new TypeError("used needs a hold: ask for one with holdMs"));
    });
  });

  it("needs a policy with concurrency", async () => {
    const filter = createTokenBucketFilter(tokensADay);
    await expect(withPermit(filter, {}, () => "never")).rejects.toThrow(
      "withPermit needs a policy with concurrency",
    );
    expect(filter.inspect().tokens).toBe(1_000);
  });
});

async function passFor(durationMs: number): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve, durationMs);
  });
}
