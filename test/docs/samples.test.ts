/**
 * Every code block of the pages in `oldPages`, run as its reader would run it; and that a wrong one is told:
 * the pages of `pages/` hold right ones of each kind, and wrong ones with what is to be said of them.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { projectDir } from "../../serve/worker-bundle.ts";
import { oldPages } from "./documentation.ts";
import { readPage } from "./page.ts";
import { Samples } from "./samples.ts";

/** How many blocks of a page nobody runs, each for the reason in its mark. */
const notRun: Readonly<Record<string, number>> = {
  "docs/code.md": 1,
  "docs/running.md": 8,
  "test/docs/pages/right.md": 1,
};

const own = fileURLToPath(new URL("pages", import.meta.url));
const pages = [...oldPages.map((path) => join(projectDir, path)), join(own, "right.md")].map(
  readPage,
);
const wrong = readPage(join(own, "wrong.md"));
const unasked = readPage(join(own, "unasked.md"));

/** What is wrong; empty where nothing is. */
function faultOf(run: Promise<void>): Promise<string> {
  return run.then(
    () => "",
    (error: Error) => error.message || error.name,
  );
}

let samples: Samples;
beforeAll(async () => {
  samples = await Samples.prepare([...pages, wrong, unasked]);
});
afterAll(() => samples?.[Symbol.asyncDispose]());

describe.each(pages)("$path", (page) => {
  it.each(page.blocks.map((block) => [block.place, block.language, block] as const))(
    "%s %s",
    async (_, __, block) => {
      expect(await faultOf(samples.run(page, block))).toBe("");
    },
  );

  it("has Workers that are asked for something", async () => {
    expect(await faultOf(samples.end(page))).toBe("");
  });

  it(`has blocks that nobody runs: ${notRun[page.path] ?? 0}`, () => {
    const reasons = page.blocks.flatMap(({ mark }) =>
      mark.kind === "not-run" ? [mark.reason] : [],
    );
    expect(reasons).toHaveLength(notRun[page.path] ?? 0);
  });
});

describe("a wrong sample", () => {
  it.each(wrong.blocks.map((block, index) => [block.place, block.heading, block, index] as const))(
    "%s: %s",
    async (_, heading, block, index) => {
      // The last of a section is the wrong one; those before it lead to it.
      const isLast = wrong.blocks[index + 1]?.heading !== heading;
      const fault = await faultOf(samples.run(wrong, block));
      if (isLast) expect(fault).toContain(heading);
      else expect(fault).toBe("");
    },
  );

  it("is a Worker that nobody asks for anything", async () => {
    for (const block of unasked.blocks) await samples.run(unasked, block);
    expect(await faultOf(samples.end(unasked))).toContain("is not asked for anything");
  });
});
