import { readFile } from "node:fs/promises";

import { expect, it } from "vitest";

import {
  MAX_FRAME_BYTES,
  MAX_FRAME_MESSAGES,
  sessionCloseCodes,
} from "../../src/protocol/session-messages.ts";

it("the page that describes sessions has their bounds and close codes", async () => {
  const page = await readFile(new URL("../../docs/reference/http.md", import.meta.url), "utf8");
  const start = page.indexOf("## Sessions");
  const section = page.slice(start, page.indexOf("\n## ", start + 1));
  const facts = [MAX_FRAME_BYTES, MAX_FRAME_MESSAGES].map((bound) => bound.toLocaleString("en"));
  for (const fact of [...facts, ...Object.values(sessionCloseCodes).map(String)]) {
    expect(section).toContain(fact);
  }
});
