import { describe, expect, it } from "vitest";

import { openRequest } from "../../../src/client/paced-fetch/paced-request.ts";

const URL_TEXT = "https://api.test/things";

function post(body = "text"): Request {
  return new Request(URL_TEXT, { method: "POST", body, duplex: "half" });
}

function stream(): ReadableStream {
  return new ReadableStream({ start: (controller) => controller.close() });
}

describe("openRequest", () => {
  it("knows address, method and headers, and leaves the body out", () => {
    const { request } = openRequest(post(), { headers: { "X-A": "1" } });
    expect([request.url, request.method, request.headers.get("X-A")]).toEqual([
      URL_TEXT,
      "POST",
      "1",
    ]);
    expect(request.body).toBeNull();
  });

  it.each<readonly [string, Parameters<typeof openRequest>, boolean, boolean]>([
    ["a URL", [URL_TEXT, undefined], true, false],
    ["a text body", [URL_TEXT, { method: "POST", body: "text" }], true, false],
    ["a form", [URL_TEXT, { method: "POST", body: new URLSearchParams("a=1") }], true, false],
    ["a stream", [URL_TEXT, { method: "POST", body: stream() }], false, false],
    ["a Request without a body", [new Request(URL_TEXT), undefined], true, false],
    ["a Request with a body", [post(), undefined], false, true],
    ["a Request with another body", [post(), { body: "other" }], true, false],
  ])("knows whether the body of %s lasts", (_, [input, init], hasLastingBody, isCopied) => {
    const opened = openRequest(input, init);
    expect(opened.hasLastingBody).toBe(hasLastingBody);
    expect(opened.toCopy === input).toBe(isCopied);
  });

  it("prefers the signal of init, of which null is none", () => {
    const own = new AbortController().signal;
    const other = new AbortController().signal;
    const request = new Request(URL_TEXT, { signal: other });
    expect(openRequest(request, { signal: own }).signal).toBe(own);
    expect(openRequest(request, { signal: null }).signal).toBeUndefined();
    expect(openRequest(request, undefined).signal).toBe(request.signal);
    expect(openRequest(URL_TEXT, undefined).signal).toBeUndefined();
  });

  const read = async (): Promise<Request> => {
    const request = post();
    await request.text();
    return request;
  };
  const locked = (): ReadableStream => {
    const body = stream();
    body.getReader();
    return body;
  };

  it.each<readonly [string, () => Promise<Parameters<typeof openRequest>>, string]>([
    ["no URL", async () => ["/relative", undefined], "URL"],
    [
      "a body with GET",
      async () => [URL_TEXT, { body: "text" }],
      "A GET request cannot have a body",
    ],
    [
      "a Request that was read",
      async () => [await read(), undefined],
      "The body of this POST request has been read or is being read: pass a clone()",
    ],
    [
      "a stream that is being read",
      async () => [URL_TEXT, { method: "PUT", body: locked() }],
      "The body of this PUT request has been read or is being read: pass a clone()",
    ],
  ])("throws for %s", async (_, argumentsOf, message) => {
    const [input, init] = await argumentsOf();
    expect(() => openRequest(input, init)).toThrow(TypeError);
    expect(() => openRequest(input, init)).toThrow(message);
  });
});
