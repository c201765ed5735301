/** The words of the pages: those that are retired are nowhere, and those that people search for are easy to find. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { expect, it } from "vitest";

import { projectDir } from "../../serve/worker-bundle.ts";
import { retiredPhrases } from "../../scripts/retired-words.ts";
import { pages, proseOf, readPages } from "./documentation.ts";

/** In pages alone: code may have been told something. */
const ALSO_RETIRED = [
  { phrase: "told", use: '"receives", "sees"', pattern: /\btold\b/gi },
  { phrase: "is none", use: '"there is no …"', pattern: /(?<!there )\b(?:is|are) none\b/gi },
  { phrase: "in earnest", use: "what happens", pattern: /\bin earnest\b/gi },
];

/** Not the record of changes, which says what was. */
const texts = [
  ...pages,
  "CONTRIBUTING.md",
  "SECURITY.md",
  ...globSync(
    ["examples/**/*.{ts,mjs,md}", "templates/**/*.{ts,md,jsonc}", "ops/prometheus/*.yml"],
    {
      cwd: projectDir,
      exclude: ["**/node_modules/**"],
    },
  ),
];

function textOf(path: string): string {
  const text = readFileSync(join(projectDir, path), "utf8");
  if (!path.endsWith(".md")) return text;
  // The glossary has the list itself.
  return proseOf(text.split("\n## Retired names\n")[0] ?? "").replaceAll(/`[^`\n]*`/g, "x");
}

function retiredIn(text: string): string[] {
  return [...retiredPhrases, ...ALSO_RETIRED].flatMap(({ use, pattern }) =>
    [...text.matchAll(pattern)].map(({ index, 0: found }) => {
      const line = text.slice(0, index).split("\n").length;
      return `line ${line}, "${found}": say ${use.trim()}`;
    }),
  );
}

it.each(texts)("%s has no retired phrase", (path) => {
  expect(retiredIn(textOf(path))).toEqual([]);
});

it("a retired phrase is found in any case, and across lines", () => {
  expect(retiredIn("Whoever waits,\nand those\nwho don't, are told")).toHaveLength(4);
  expect(retiredIn("there is none to take back")).toEqual([]);
});

/** What a page begins with, and its headings: where a reader looks, and a search engine. */
function prominentOf(path: string): string {
  const text = readFileSync(join(projectDir, path), "utf8");
  const [beginning = ""] = text.split("\n## ");
  const headings = [...text.matchAll(/^#{1,4} .*$/gm)].map(([heading]) => heading);
  return [beginning, ...headings].join("\n").toLowerCase();
}

const prominent = [...readPages, "README.md"].map(prominentOf).join("\n");

it.each([
  /\bretr(y|ies|ied|ying)\b/,
  /\bfall ?backs?\b/,
  /\bfail(s|ing)? open\b/,
  /\bfail(s|ing)? closed\b/,
  /\bbackpressure\b/,
  /\bbuffer(s|ed|ing)?\b/,
  /\boverrid(e|es|ing)\b/,
  /\bbursts?\b/,
  /\bquotas?\b/,
  /\bthrottl(e|es|ed|ing)\b/,
  /\bidempoten(t|cy)\b/,
  /\bdry run\b/,
])("%s is in a heading or at the beginning of a page", (word) => {
  expect(prominent).toMatch(word);
});
