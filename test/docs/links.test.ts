/** Links within the documentation: each leads to a file that is there, and to a heading of it. */
import { existsSync, globSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

import { describe, expect, it } from "vitest";

import { projectDir } from "../../serve/worker-bundle.ts";

const atTheTop = readdirSync(projectDir);
const inDocs = readdirSync(join(projectDir, "docs"), { recursive: true, encoding: "utf8" });
const pages = [...atTheTop, ...inDocs.map((name) => join("docs", name))]
  .filter((name) => name.endsWith(".md"))
  .map((name) => join(projectDir, name));

/** The page without its code, in which nothing is a link. */
function proseOf(path: string): string {
  return readFileSync(path, "utf8")
    .replaceAll(/^( *)(`{3,})[\s\S]*?^\1\2$/gm, "")
    .replaceAll(/`[^`\n]*`/g, (code) => code.replaceAll(/[[\]()]/g, "."));
}

/** What GitHub makes of its headings. */
function anchorsOf(path: string): string[] {
  const headings = proseOf(path).matchAll(/^#{1,6} (.+)$/gm);
  return [...headings].map(([, heading = ""]) =>
    heading
      .replaceAll(/\]\([^)]*\)/g, "]")
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(/\s/g, "-"),
  );
}

describe.each(pages.map((path) => [relative(projectDir, path), path] as const))("%s", (_, path) => {
  const prose = proseOf(path);
  const definitions = new Map(
    [...prose.matchAll(/^\[([^\]]+)\]: (\S+)$/gm)].map(([, name = "", to = ""]) => [name, to]),
  );

  it("leads to what is there", () => {
    const inline = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, to = ""]) => to);
    const local = [...inline, ...definitions.values()].filter((to) => !/^[a-z]+:/.test(to));
    const dead = local.filter((to) => {
      const [file = "", anchor] = to.split("#");
      const target = file === "" ? path : join(dirname(path), file);
      if (!existsSync(target)) return true;
      return anchor !== undefined && !anchorsOf(target).includes(anchor);
    });
    expect(dead).toEqual([]);
  });

  it("says where its named links lead, and names none that it does not use", () => {
    const used = [...prose.matchAll(/\]\[([^\]]+)\]/g)].map(([, name = ""]) => name);
    expect(new Set(used)).toEqual(new Set(definitions.keys()));
  });
});

/** Pages that say where in the code something is. */
const aboutCode = pages
  .map((path) => relative(projectDir, path))
  .filter((path) => path === "CONTRIBUTING.md" || /^docs\/design\/(?!README)/.test(path));

it.each(aboutCode)("%s names files and folders that are there", (page) => {
  const text = readFileSync(join(projectDir, page), "utf8");
  const folders = "bench|chaos|docs|examples|kit|scripts|serve|src|test";
  const named = [...text.matchAll(new RegExp(`\`((?:${folders})/[^\`<> ]*)\``, "g"))];
  const paths = named.map(([, path = ""]) => path);
  expect(paths).not.toEqual([]);
  expect(paths.filter((path) => globSync(path, { cwd: projectDir }).length === 0)).toEqual([]);
});

it("every page can be reached from the README", () => {
  const reached = new Set<string>();
  const visit = (path: string): void => {
    if (reached.has(path)) return;
    reached.add(path);
    const links = [...proseOf(path).matchAll(/\]\(([^)#\s]+\.md)(?:#[^)\s]*)?\)/g)];
    for (const [, to = ""] of links) {
      if (!/^[a-z]+:/.test(to)) visit(join(dirname(path), to));
    }
  };
  visit(join(projectDir, "README.md"));
  expect(pages.filter((path) => !reached.has(path))).toEqual([]);
});
