/** The description of the HTTP interface, against the interface that it describes. */
import { describe, expect, it } from "vitest";

import { openApiDocument } from "../../../src/worker/pages/openapi.ts";
import { DescribedAnswers } from "../../../kit/http/described-answers.ts";
import { ADMIN, request } from "../../../kit/edge/surfaces.ts";
import { uniqueName } from "../../../kit/edge/virtual-time.ts";

describe("descriptions", () => {
  /** Each description and summary in the document. */
  function textsIn(value: unknown): string[] {
    if (typeof value !== "object" || value === null) return [];
    return Object.entries(value).flatMap(([name, member]) => {
      const isText = ["description", "summary"].includes(name) && typeof member === "string";
      return isText ? [member] : textsIn(member);
    });
  }

  it("have no sentence of more than 30 words", () => {
    const texts = textsIn(openApiDocument);
    expect(texts.length).toBeGreaterThan(100);
    const sentences = texts.flatMap((text) => text.split(/[.:;] /));
    expect(sentences.filter((sentence) => sentence.split(" ").length > 30)).toEqual([]);
  });
});

describe("DescribedAnswers", () => {
  const answers = new DescribedAnswers(openApiDocument);
  const url = "https://sluice.test/acquire?bucket=x";
  const grant = { bucket: "x", tokens: 1, remaining: 0, waitedMs: 0, grantedAtMs: 1 };
  const headers = { RateLimit: '"*";r=0;t=1', "RateLimit-Policy": '"*";q=1;w=1' };

  it.each([
    ["a member is missing", Response.json({ ...grant, waitedMs: undefined }, { headers })],
    ["a member is not described", Response.json({ ...grant, more: 1 }, { headers })],
    ["a member has another type", Response.json({ ...grant, tokens: "1" }, { headers })],
    ["a field is missing", Response.json(grant)],
    ["the status is not described", Response.json(grant, { headers, status: 201 })],
    ["the media type is not described", new Response(JSON.stringify(grant), { headers })],
  ])("says so where %s", async (_, response) => {
    await expect(answers.check("GET", url, response)).rejects.toThrow("GET /acquire");
  });

  it.each([
    ["GET", "internal-error", false],
    ["GET", "illegal-configuration", true],
    ["GET", "host-not-allowed", true],
    ["GET", "not-found", true],
    ["HEAD", "not-found", true],
  ])("of a call that isn't described, %s, allows %s: %s", async (method, reason, isAllowed) => {
    const body = method === "HEAD" ? null : JSON.stringify({ reason });
    const type = { "Content-Type": "application/problem+json" };
    const checked = answers.check(
      method,
      "https://sluice.test/nowhere",
      new Response(body, { headers: type, status: 500 }),
    );
    const fault = await checked.then(
      () => undefined,
      (error: Error) => error.message,
    );
    const expected = isAllowed
      ? undefined
      : "GET /nowhere: 500 is not as described: the call is not described";
    expect(fault).toBe(expected);
  });

  it("says nothing where all is as described", async () => {
    await expect(
      answers.check("GET", url, Response.json(grant, { headers })),
    ).resolves.toBeUndefined();
  });
});

describe("answers of a bucket with everything that a snapshot may have", () => {
  it("are as described", async () => {
    const name = uniqueName("described");
    const lease = { maxTokens: 10, ttlMs: 1_000 };
    const changed = await request(`/buckets/${name}`, {
      method: "PUT",
      headers: ADMIN,
      body: JSON.stringify({ capacity: 100, lease }),
    });
    expect(changed.status).toBe(200);
    const snapshot = await request(`/buckets/${name}`);
    expect(await snapshot.json()).toMatchObject({ leasedTokens: 0, policy: { lease } });
  });
});
