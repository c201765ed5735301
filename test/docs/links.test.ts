/** Links from one page to another: that the file is there, and in a page the heading, too. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

import { expect, it } from "vitest";

import { projectDir } from "../../serve/worker-bundle.ts";

const pages = [
  join(projectDir, "README.md"),
  join(projectDir, "SECURITY.md"),
  ...readdirSync(join(projectDir, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(projectDir, "docs", name)),
];

/** Without blocks of code, where brackets mean something else. */
function proseOf(path: string): string {
  return readFileSync(path, "utf8").replaceAll(/^```[\s\S]*?^```$/gm, "");
}

/** The anchors of a page, as GitHub makes them of its headings. */
function anchorsOf(path: string): string[] {
  return [...proseOf(path).matchAll(/^#{1,6} (.+)$/gm)].map(([, title = ""]) => {
    const words = title.toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, "");
    return words.trim().replaceAll(/\s/g, "-");
  });
}

/** Links that lead nowhere. */
function brokenLinks(path: string): string[] {
  const targets = [...proseOf(path).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
  return targets.filter((target) => {
    if (/^[a-z]+:/.test(target)) return false;
    const [file = "", anchor] = target.split("#");
    const linked = file === "" ? path : resolve(dirname(path), file);
    if (!existsSync(linked)) return true;
    return anchor !== undefined && !anchorsOf(linked).includes(anchor);
  });
}

it.each(pages.map((path) => [relative(projectDir, path), path]))(
  "%s leads somewhere",
  (_, path) => {
    expect(brokenLinks(path)).toEqual([]);
  },
);

it("every page of docs/ is linked from the README", () => {
  const readme = proseOf(join(projectDir, "README.md"));
  const linked = pages.filter((path) => readme.includes(`(${relative(projectDir, path)})`));
  const others = pages.filter((path) => !linked.includes(path) && !path.endsWith("README.md"));
  // In detail what another page says in short.
  expect(others.map((path) => relative(projectDir, path))).toEqual(["docs/bench-core.md"]);
});
