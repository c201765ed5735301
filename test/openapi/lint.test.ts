import { createConfig, lintFromString } from "@redocly/openapi-core";
import { expect, it } from "vitest";

import { openApiDocument } from "../../src/edge/openapi/document.ts";

/** All rules, but one: calls about the service itself take nothing that could be wrong. */
const config = await createConfig({
  extends: ["recommended-strict"],
  rules: { "operation-4xx-response": "off" },
});

it("openApiDocument has no fault that a linter of OpenAPI knows", async () => {
  const source = JSON.stringify(openApiDocument);
  const problems = await lintFromString({ source, absoluteRef: "openapi.json", config });
  expect(
    problems.map(({ ruleId, message, location }) => [ruleId, message, location[0]?.pointer]),
  ).toEqual([]);
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
