import { createConfig, lintFromString } from "@redocly/openapi-core";
import { expect, it } from "vitest";

import type { OpenApiDocument } from "../../src/worker/pages/openapi-types.ts";

/**
 * Each call is described where it is handled, in code that has the types of another runtime. So the compiler
 * must not follow this name.
 */
const modulePath: string = "../../src/worker/pages/openapi.ts";
const { openApiDocument } = (await import(modulePath)) as { openApiDocument: OpenApiDocument };

/**
 * All rules, but one: calls about the service itself take nothing that could be wrong. And where an
 * upgrade is all that a call is for, success is a 101. What is sent over a WebSocket has no place in a
 * description, so nothing refers to it.
 */
const config = await createConfig({
  extends: ["recommended-strict"],
  rules: { "operation-4xx-response": "off" },
});

const SESSION_RESPONSES = "#/paths/~1buckets~1{name}~1session/get/responses";
const WATCH_RESPONSES = "#/paths/~1buckets~1{name}~1watch/get/responses";
const SENT_OVER_SESSIONS = "#/components/schemas/SessionCall";

it("openApiDocument has no fault that a linter of OpenAPI knows", async () => {
  const source = JSON.stringify(openApiDocument);
  const problems = await lintFromString({ source, absoluteRef: "openapi.json", config });
  expect(
    problems.map(({ ruleId, message, location }) => [ruleId, message, location[0]?.pointer]),
  ).toEqual([
    ["operation-2xx-response", expect.any(String), SESSION_RESPONSES],
    ["operation-2xx-response", expect.any(String), WATCH_RESPONSES],
    ["no-unused-components", expect.any(String), SENT_OVER_SESSIONS],
  ]);
});

it("the linter finds what is wrong", async () => {
  const wrong = { ...openApiDocument, paths: { "/x": { get: { responses: {} } } } };
  const problems = await lintFromString({
    source: JSON.stringify(wrong),
    absoluteRef: "openapi.json",
    config,
  });
  expect(problems.length).toBeGreaterThan(0);
});
