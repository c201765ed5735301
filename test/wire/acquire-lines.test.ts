import { describe, expect, it } from "vitest";

import type { HeldPlace } from "../../src/wire/held-place.ts";

import {
  followLines,
  linesResponse,
  outcomeLine,
  placeLine,
} from "../../src/wire/acquire-lines.ts";

const first: HeldPlace = { position: 2, etaMs: 2_000, grantAtMs: 7_000 };
const second: HeldPlace = { position: 1, etaMs: 1_000, grantAtMs: 7_000 };

/** An object that answers with `pieces`, and then ends or fails. */
function answering(pieces: readonly (string | Uint8Array)[], failure?: Error) {
  const encoder = new TextEncoder();
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of pieces) {
        controller.enqueue(typeof piece === "string" ? encoder.encode(piece) : piece);
      }
      if (failure) controller.error(failure);
      else controller.close();
    },
  });
  return { fetch: async () => linesResponse(stream) } as unknown as Fetcher;
}

async function follow(object: Fetcher, signal = new AbortController().signal) {
  const places: HeldPlace[] = [];
  const moved = (place: HeldPlace): void => void places.push(place);
  const response = await followLines(object, "https://bucket/acquire?", { moved, signal });
  return { places, response };
}

function refusal(): Response {
  const headers = { RateLimit: '"*";r=0;t=1', "RateLimit-Policy": '"*";q=1;w=1', "X-Other": "x" };
  return new Response('{"detail":"Größe"}\n', { status: 429, headers });
}

describe("followLines", () => {
  it("reports each place, then resolves with the outcome and its RateLimit fields", async () => {
    const lines = [placeLine(first), placeLine(second), await outcomeLine(refusal())];
    const { places, response } = await follow(answering(lines));
    expect(places).toEqual([first, second]);
    expect(response.status).toBe(429);
    expect(await response.text()).toBe('{"detail":"Größe"}\n');
    expect(response.headers.get("RateLimit")).toBe('"*";r=0;t=1');
    expect(response.headers.get("RateLimit-Policy")).toBe('"*";q=1;w=1');
    expect(response.headers.get("X-Other")).toBeNull();
  });

  it("reads lines that are cut anywhere, in the middle of a character too", async () => {
    const bytes = new TextEncoder().encode(placeLine(first) + (await outcomeLine(refusal())));
    const pieces = Array.from(bytes, (byte) => Uint8Array.of(byte));
    const { places, response } = await follow(answering(pieces));
    expect(places).toEqual([first]);
    expect(await response.text()).toBe('{"detail":"Größe"}\n');
  });

  it("resolves with a plain answer as it is", async () => {
    const plain = new Response("granted");
    const object = { fetch: async () => plain } as unknown as Fetcher;
    expect((await follow(object)).response).toBe(plain);
  });

  it("rejects as for a reset object if the lines end without an outcome", async () => {
    await expect(follow(answering([placeLine(first)]))).rejects.toMatchObject({
      name: "BrokenLinesError",
      message: "The stream from the bucket broke off",
      durableObjectReset: true,
    });
  });

  it("rejects with what broke the lines off", async () => {
    await expect(follow(answering([], new Error("The clock was set back")))).rejects.toMatchObject({
      name: "BrokenLinesError",
      message: "The clock was set back",
    });
  });

  it("rejects with the signal's reason when the caller leaves", async () => {
    const controller = new AbortController();
    const silent = new ReadableStream<Uint8Array>();
    const object = { fetch: async () => linesResponse(silent) } as unknown as Fetcher;
    const followed = follow(object, controller.signal);
    setTimeout(() => controller.abort(new Error("left")), 1);
    await expect(followed).rejects.toThrow("left");
  });
});
