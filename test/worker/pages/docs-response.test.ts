import { expect, it } from "vitest";

import { docsResponse } from "../../../src/worker/pages/docs-response.ts";

it.each(["text/html", "text/css"] as const)("docsResponse of %s runs no script", async (type) => {
  const response = docsResponse("some text", type);
  expect(await response.text()).toBe("some text");
  expect(response.headers.get("Content-Type")).toBe(`${type}; charset=utf-8`);
  expect(response.headers.get("Cache-Control")).toBe("public, max-age=300");
  const policy = response.headers.get("Content-Security-Policy")?.split("; ");
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy?.filter((directive) => directive.startsWith("script-src"))).toEqual([]);
});
