/** The spelling of all pages, code left out; `.cspell.json` has the words that no dictionary knows. */
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

import { expect, it } from "vitest";

import { projectDir } from "../../serve/worker-bundle.ts";

const script = fileURLToPath(new URL("node_modules/cspell/bin.mjs", import.meta.url));
const COMMON = ["lint", "--config", ".cspell.json", "--no-progress", "--no-color"];

/** What cspell finds in the files, or in `input`. */
async function misspelled(args: readonly string[], input = ""): Promise<string> {
  const child = spawn(process.execPath, [script, ...COMMON, ...args], { cwd: projectDir });
  child.stdin.end(input);
  const [found, summary] = await Promise.all([text(child.stdout), text(child.stderr)]);
  // A fault of the configuration is in the summary alone.
  if (!/Files checked: [1-9]/.test(summary)) throw new Error(summary);
  return found;
}

it("no page has a word that is misspelled", async () => {
  expect(await misspelled([])).toBe("");
});

it("a misspelled word is found, and code is left alone", async () => {
  const found = await misspelled(
    ["stdin://docs/page.md"],
    "A buckett.\n\n```sh\nnosuchword\n```\n\n`nosuchword`\n",
  );
  expect(found).toContain("buckett");
  expect(found).not.toContain("nosuchword");
});
