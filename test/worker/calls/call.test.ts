/** The list of calls, against what each call has to say of itself. */
import { describe, expect, it } from "vitest";

import { reasonFields } from "../../../src/protocol/reasons.ts";
import { calls, methodsByPath } from "../../../src/worker/calls/index.ts";
import { openApiDocument } from "../../../src/worker/pages/openapi.ts";
import { request } from "../../../kit/edge/surfaces.ts";

const described = calls.map((call) => [`${call.method} ${call.path}`, call] as const);

describe("calls", () => {
  it("are there", () => {
    expect(calls.length).toBeGreaterThan(10);
  });

  it.each(described)("%s is described", (_, call) => {
    const { path, method, operationId, summary, description, answers } = call;
    const operations: Readonly<Record<string, unknown>> = openApiDocument.paths[path] ?? {};
    expect(operations[method.toLowerCase()]).toMatchObject({ operationId });
    expect(summary).toMatch(/^[A-Z].*[^.]$/);
    expect(description).toMatch(/^[A-Z].*\.$/);
    expect(Object.keys(answers).length).toBeGreaterThan(0);
    for (const answer of Object.values(answers)) expect(answer.description).toMatch(/^[A-Z].*\.$/);
    for (const parameter of call.parameters ?? []) expect(parameter.description).not.toBe("");
    if (path.includes("{name}")) expect(call).toHaveProperty("handleBucket");
  });

  it.each(described)("%s lists no status twice, as an answer and as a refusal", (_, call) => {
    const refused = (call.reasons ?? []).map((reason) => String(reasonFields[reason].status));
    expect(refused.filter((status) => Object.hasOwn(call.answers, status))).toEqual([]);
  });

  it("have each operationId once, and each path and method", () => {
    const ids = calls.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(calls.length);
    expect(new Set(described.map(([name]) => name)).size).toBe(calls.length);
  });

  it.each([...methodsByPath])("%s answers to no other method than %j", async (path, methods) => {
    const response = await request(path.replace("{name}", "x"), { method: "PATCH" });
    expect(response.status).toBe(405);
    expect(response.headers.get("Allow")).toBe(methods.join(", "));
  });
});
