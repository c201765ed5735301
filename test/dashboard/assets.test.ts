/** What the page weighs, as a browser loads it. */
import { gzipSync } from "node:zlib";

import { expect, it } from "vitest";

import { assets, pageHtml } from "../../src/dashboard/assets.ts";

/** Bytes, compressed by gzip: whoever makes the page grow beyond them decides so here. */
const MAX_SCRIPT = 40_000;
const MAX_FIRST_LOAD = 58_000;

function weightOf(name: string): number {
  return gzipSync(assets[name]?.text ?? "", { level: 9 }).length;
}

const loadedFirst = [...pageHtml.matchAll(/"assets\/([^"]+)"/g)].map(([, name = ""]) => name);

it("its script stays small, and so does all that it loads before anybody acts", () => {
  const script = loadedFirst.find((name) => /^page\..*\.js$/.test(name)) ?? "";
  expect(weightOf(script)).toBeGreaterThan(0);
  expect(weightOf(script)).toBeLessThanOrEqual(MAX_SCRIPT);
  const all = loadedFirst.map(weightOf).reduce((sum, weight) => sum + weight, 0);
  expect(all).toBeLessThanOrEqual(MAX_FIRST_LOAD);
});

it("what its callers need is loaded later", () => {
  const later = Object.keys(assets).filter((name) => !loadedFirst.includes(name));
  expect(later).toEqual([expect.stringMatching(/^client\.[A-Z0-9]+\.js$/)]);
});
