/** Code that the design pages show is code of the repository, word for word. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { expect, it } from "vitest";

import { projectDir } from "../../serve/worker-bundle.ts";
import { quotingPages } from "./documentation.ts";
import { blocksOf, stepsOf } from "./steps.ts";

/** A block begins with the path of its file. */
const SOURCE = /^\/\/ (?<path>\S+)\n/;
/** Stands for code that the page leaves out. */
const LEFT_OUT = "// …\n";

const quotes = quotingPages
  .flatMap((path) => blocksOf(stepsOf(readFileSync(join(projectDir, path), "utf8"), path)))
  .map(({ place, text }) => [place, text] as const);

/** The first part of a quote that isn't in its file, or not behind the part before it. */
function unknownPart(text: string): string | undefined {
  const path = SOURCE.exec(text)?.groups?.["path"];
  if (path === undefined) return text;
  let rest = readFileSync(join(projectDir, path), "utf8");
  for (const part of text.replace(SOURCE, "").split(LEFT_OUT)) {
    const index = rest.indexOf(part);
    if (index < 0) return part;
    rest = rest.slice(index + part.length);
  }
  return undefined;
}

it.each(quotes)("%s is in the file that it names", (_, text) => {
  expect(unknownPart(text)).toBeUndefined();
});

it("a quote that isn't in its file is found", () => {
  const path = "// kit/runs.ts\n";
  expect(unknownPart(`${path}export function runs(full: number): number {\n`)).toBeUndefined();
  expect(unknownPart(`${path}export function runs(full: string): number {\n`)).toContain("string");
  const backwards = `${path}/** How often something\n${LEFT_OUT}export function runs(\n`;
  expect(unknownPart(backwards)).toBeDefined();
  expect(unknownPart("export function runs(full: number): number {\n")).toBeDefined();
});
