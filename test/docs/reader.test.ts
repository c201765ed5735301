/** Each page of the documentation does what it says, from an empty folder. One page: `-t docs/guides/hono.md`. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { afterAll, beforeAll, expect, it } from "vitest";

import { projectDir } from "../../serve/worker-bundle.ts";
import { isUnwritten, pages, quotingPages, readPages } from "./documentation.ts";
import { Reader } from "./reader.ts";

/** A page that installs packages and starts a Worker or two takes half a minute. */
const PAGE_MS = 270_000;

let reader: Reader;
beforeAll(async () => {
  reader = await Reader.of(
    new Map(readPages.map((path) => [path, readFileSync(join(projectDir, path), "utf8")])),
  );
});
afterAll(() => reader?.[Symbol.asyncDispose]());

it.each(readPages)("%s", { timeout: PAGE_MS }, async (path) => {
  await expect(reader.read(path)).resolves.toBeUndefined();
});

it("every page with a block belongs to one harness", () => {
  const all = [...quotingPages, ...readPages];
  expect(all.toSorted()).toEqual([...pages].toSorted());
  expect(new Set(all).size).toBe(all.length);
});

it("every page that the index names has a text", () => {
  const index = readFileSync(join(projectDir, "docs/README.md"), "utf8");
  const named = [...index.matchAll(/\]\(([\w/-]+\.md)\)/g)].map(([, path = ""]) => `docs/${path}`);
  expect(named.length).toBeGreaterThan(30);
  expect(named.filter(isUnwritten)).toEqual([]);
});
