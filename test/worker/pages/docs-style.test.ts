import { expect, it } from "vitest";

import { request } from "../../../kit/edge/surfaces.ts";

it("docsStyle is where the page looks for it, at the same origin, as the policy demands", async () => {
  const html = await (await request("/docs")).text();
  const path = /<link rel="stylesheet" href="([^"]+)">/.exec(html)?.[1] ?? "";
  expect(path).toBe("./docs.css");
  const style = await request(path.slice(1));
  expect(style.headers.get("Content-Type")).toBe("text/css; charset=utf-8");
  expect(await style.text()).toContain("color-scheme");
});
