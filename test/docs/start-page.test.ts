/** The Start page shows the files that `sluice init` writes, word for word. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { expect, it } from "vitest";

import { projectDir } from "../../serve/worker-bundle.ts";

const page = readFileSync(join(projectDir, "docs/start/cloudflare.md"), "utf8");

it.each([
  ["// ", "worker/src/index.ts"],
  ["// ", "worker/wrangler.jsonc"],
  ["# ", "toml/wrangler.toml"],
  ["# ", "worker/.dev.vars"],
])("shows %s%s", (comment, path) => {
  const text = readFileSync(join(projectDir, "templates", path), "utf8");
  const [, file = ""] = path.split(/\/(.*)/s);
  expect(page).toContain(`\n${comment}${file}\n${text}\`\`\`\n`);
});
