import { readFileSync } from "node:fs";
import { join } from "node:path";

import { expect, test } from "vitest";

import { burstTable } from "../../bench/holds/llm-burst.ts";
import { projectDir } from "../../serve/worker-bundle.ts";

test("burstTable is what the page of LLM budgets shows", () => {
  const page = readFileSync(join(projectDir, "docs/guides/llm-budgets.md"), "utf8");
  expect(page).toContain(burstTable());
});
