import { describe, expect, it } from "vitest";

import {
  BodyTooLargeError,
  JsonBodyError,
  readJsonObject,
} from "../../../src/worker/http/json-body.ts";

const MAX_BYTES = 64;

function read(body: BodyInit | null, maxBytes = MAX_BYTES): Promise<Record<string, unknown>> {
  const request = new Request("https://sluice.test/", { method: "POST", body });
  return readJsonObject(request, maxBytes);
}

/** A body of these parts, which then ends or fails. */
function streamed(parts: readonly string[], isBroken = false): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    start(controller) {
      for (const part of parts) controller.enqueue(encoder.encode(part));
      if (isBroken) controller.error(new Error("gone"));
      else controller.close();
    },
  });
}

describe("readJsonObject", () => {
  it.each<[string, object]>([
    ["", {}],
    [" \n", {}],
    ["{}", {}],
    ['{"a":1,"b":"a\\":2","c":null}', { a: 1, b: 'a":2', c: null }],
    ['{"a":{"b":1},"c":[{"b":2}]}', { a: { b: 1 }, c: [{ b: 2 }] }],
  ])("reads %j", async (text, object) => {
    expect(await read(text)).toEqual(object);
  });

  it("reads a body in parts that split a character", async () => {
    const bytes = new TextEncoder().encode('{"a":"é"}');
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(bytes.slice(0, 7));
        controller.enqueue(bytes.slice(7));
        controller.close();
      },
    });
    expect(await read(body)).toEqual({ a: "é" });
  });

  it.each([
    ["{", "the body is not JSON"],
    ["[]", "the body must be a JSON object"],
    ["1", "the body must be a JSON object"],
    ['{"a":1,"a":1}', "the body has the same member twice"],
    ['{"a":1,"\\u0061" :2}', "the body has the same member twice"],
    ['{"a":{"b":1,"b":2}}', "the body has the same member twice"],
    ['{"a":[{"b":1}],"a":[{"b":1}]}', "the body has the same member twice"],
  ])("refuses %s", async (text, message) => {
    await expect(read(text)).rejects.toThrow(new JsonBodyError(message));
  });

  it("reads a body of thousands of levels", async () => {
    const depth = 8_000;
    const object = await read(`{"a":${"[".repeat(depth)}${"]".repeat(depth)}}`, 3 * depth);
    expect(Object.keys(object)).toEqual(["a"]);
  });

  it("refuses a body that ends early", async () => {
    const body = read(streamed(['{"a":'], true));
    await expect(body).rejects.toThrow(new JsonBodyError("the body ended early"));
  });

  it("takes a body of the maximum, and none that is larger, announced or not", async () => {
    const longest = JSON.stringify({ a: "x".repeat(MAX_BYTES - '{"a":""}'.length) });
    expect(longest).toHaveLength(MAX_BYTES);
    expect(Object.keys(await read(longest))).toEqual(["a"]);
    for (const body of [`${longest} `, streamed([longest, " "])]) {
      await expect(read(body)).rejects.toThrow(new BodyTooLargeError(MAX_BYTES));
    }
  });
});
