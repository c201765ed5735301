import { describe, expect, it } from "vitest";

import { openApiDocument } from "../../../src/worker/pages/openapi.ts";
import { docsPage } from "../../../src/worker/pages/docs-page.ts";
import { request } from "../../../kit/edge/surfaces.ts";

describe("the description", () => {
  it("is JSON at /openapi.json", async () => {
    const response = await request("/openapi.json");
    expect(response.headers.get("Content-Type")).toBe("application/json");
    expect(await response.text()).toBe(`${JSON.stringify(openApiDocument)}\n`);
  });

  it("is a page at /docs", async () => {
    const response = await request("/docs");
    expect(response.headers.get("Content-Type")).toBe("text/html; charset=utf-8");
    expect(await response.text()).toBe(docsPage(openApiDocument));
  });
});
