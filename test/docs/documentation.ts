/** The pages of the documentation, and the harness that each belongs to. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { projectDir } from "../../serve/worker-bundle.ts";
import { blocksOf, stepsOf, type BlockStep } from "./steps.ts";

/** All pages, from the project's folder. */
export const pages: readonly string[] = [
  "README.md",
  ...readdirSync(join(projectDir, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => join("docs", name))
    .toSorted(),
];

/** Pages that quote the code of the repository: `quotes.test.ts`. */
export const quotingPages = pages.filter((path) => path.startsWith("docs/design/"));

/** Pages that are read to the letter: `reader.test.ts`. */
export const readPages = pages.filter((path) => !quotingPages.includes(path));

/** The code blocks of a page; its path is from the project's folder. */
export function blocksOfPage(path: string): BlockStep[] {
  return blocksOf(stepsOf(readFileSync(join(projectDir, path), "utf8"), path));
}

/** The text of a page without its code, in which words and links mean something else. */
export function proseOf(markdown: string): string {
  return markdown
    .replaceAll(/^( *)(`{3,}|~{3,})[\s\S]*?^\1\2$/gm, "")
    .replaceAll(/`[^`\n]*`/g, (code) => code.replaceAll(/[[\]()]/g, "."));
}

/** Whether the page has nothing but a title. */
export function isUnwritten(path: string): boolean {
  const [, ...rest] = readFileSync(join(projectDir, path), "utf8").trim().split("\n");
  return rest.join("").trim() === "";
}
