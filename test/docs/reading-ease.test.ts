/** The README and the pages of Start are easy to read. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { expect, it } from "vitest";

import { projectDir } from "../../serve/worker-bundle.ts";
import { readingEase, sentencesOf, syllablesOf } from "../../scripts/pages/reading-ease.ts";
import { pages } from "./documentation.ts";

const easy = pages.filter((path) => path === "README.md" || path.startsWith("docs/start/"));

it.each(easy)("%s is easy to read", (path) => {
  const found = readingEase(readFileSync(join(projectDir, path), "utf8"));
  expect(found.ease).toBeGreaterThanOrEqual(70);
  expect(found.wordsPerSentence).toBeLessThanOrEqual(14);
  expect(found.veryLongShare).toBe(0);
  expect(found.oldStylePerThousand).toBeLessThanOrEqual(2);
});

it("sentences are those of the text: no code, no table, no heading, no address", () => {
  const page = `# A title of some words

First sentence of [a link](https://example.com/a.b) here. Here is the second one: \`a.b.c\` and more!

| a table | with words |
|---|---|

- An item is a sentence
- **Another** item is one, too

\`\`\`sh
not a sentence
\`\`\`
`;
  expect(sentencesOf(page)).toEqual([
    "First sentence of a link here.",
    "Here is the second one:",
    "code and more!",
    "An item is a sentence",
    "Another item is one, too",
  ]);
});

it.each([
  ["bucket", 2],
  ["queue", 1],
  ["limited", 3],
  ["passed", 1],
  ["code", 1],
  ["table", 2],
  ["deterministic", 5],
])("%s has %i syllables", (word, count) => {
  expect(syllablesOf(word)).toBe(count);
});

it("signs of the old style are counted", () => {
  const old = "Whoever waits is told so. Who leaves is away. It is none of its own business.";
  expect(readingEase(old).oldStylePerThousand).toBeGreaterThan(200);
  expect(readingEase("Where is it? Callers that wait receive an answer.").oldStylePerThousand).toBe(
    0,
  );
});
