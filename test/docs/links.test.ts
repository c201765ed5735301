/** Links and pictures of the documentation: each leads to a file that is there, and to a heading of it. */
import { existsSync, globSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

import { describe, expect, it } from "vitest";

import { projectDir } from "../../serve/worker-bundle.ts";
import { proseOf } from "./documentation.ts";

const docs = join(projectDir, "docs");
const ofProject = [
  ...readdirSync(projectDir),
  ...readdirSync(docs, { recursive: true, encoding: "utf8" }).map((name) => join("docs", name)),
]
  .filter((name) => name.endsWith(".md"))
  .map((name) => join(projectDir, name));
/** They are copied, so nothing of this repository leads to them. */
const copied = globSync(["templates/**/*.md", "examples/**/*.md"], {
  cwd: projectDir,
  exclude: ["**/node_modules/**"],
}).map((name) => join(projectDir, name));

function readProse(path: string): string {
  return proseOf(readFileSync(path, "utf8"));
}

/** What GitHub makes of its headings; it numbers those that are there twice. */
function anchorsOf(path: string): string[] {
  const counts = new Map<string, number>();
  return [...readProse(path).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = ""]) => {
    const anchor = heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(/\s/g, "-");
    const count = counts.get(anchor) ?? 0;
    counts.set(anchor, count + 1);
    return count === 0 ? anchor : `${anchor}-${count}`;
  });
}

/** Whether `link` of the file at `path` leads nowhere. */
function isDead(link: string, path: string): boolean {
  const [file = "", anchor] = link.split("#");
  const target = file === "" ? path : join(dirname(path), file);
  if (!existsSync(target)) return true;
  return anchor !== undefined && !anchorsOf(target).includes(anchor);
}

interface Picture {
  readonly file: string;
  readonly alt: string;
}

function picturesOf(prose: string): Picture[] {
  const inMarkdown = [...prose.matchAll(/!\[([^\]]*)\]\(([^)\s]+)\)/g)].map(
    ([, alt = "", file = ""]) => ({ file, alt }),
  );
  const inHtml = [...prose.matchAll(/<img\s([^>]*)>/g)].map(([, attributes = ""]) => ({
    file: /\bsrc="([^"]*)"/.exec(attributes)?.[1] ?? "",
    alt: /\balt="([^"]*)"/.exec(attributes)?.[1] ?? "",
  }));
  return [...inMarkdown, ...inHtml];
}

const PNG_SIGNATURE = "89504e470d0a1a0a";

/** What is wrong about a picture; `undefined` if nothing is. */
function faultOf({ file, alt }: Picture, path: string): string | undefined {
  if (alt.split(" ").length < 3) return `${file}: "${alt}" doesn't say what it shows`;
  // Badges are elsewhere.
  if (file.startsWith("https:")) return undefined;
  const bytes = readFileSync(join(dirname(path), file));
  if (file.endsWith(".svg")) return bytes.includes("<svg") ? undefined : `${file} is no SVG`;
  const isPng = bytes.toString("hex", 0, 8) === PNG_SIGNATURE;
  const isLarge = isPng && bytes.readUInt32BE(16) >= 300 && bytes.readUInt32BE(20) >= 100;
  return isLarge ? undefined : `${file} is no PNG of a size to look at`;
}

describe.each([...ofProject, ...copied].map((path) => [relative(projectDir, path), path] as const))(
  "%s",
  (_, path) => {
    const prose = readProse(path);
    const definitions = new Map(
      [...prose.matchAll(/^\[([^\]]+)\]: (\S+)$/gm)].map(([, name = "", to = ""]) => [name, to]),
    );

    it("leads to what is there", () => {
      const inline = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, to = ""]) => to);
      const inHtml = [...prose.matchAll(/\b(?:href|src)="([^"]+)"/g)].map(([, to = ""]) => to);
      const all = [...inline, ...inHtml, ...definitions.values()];
      const local = all.filter((to) => !/^[a-z]+:/.test(to));
      expect(local.filter((to) => isDead(to, path))).toEqual([]);
    });

    it("says where its named links lead, and names none that it does not use", () => {
      const used = [...prose.matchAll(/\]\[([^\]]+)\]/g)].map(([, name = ""]) => name);
      expect(new Set(used)).toEqual(new Set(definitions.keys()));
    });

    it("has pictures that are there, and says what they show", () => {
      const faults = picturesOf(prose).map((picture) => faultOf(picture, path));
      expect(faults.filter((fault) => fault !== undefined)).toEqual([]);
    });

    it("has HTML that GitHub shows as Markdown", () => {
      const opened = [...prose.matchAll(/<details>\s*<summary>[^<\n]+<\/summary>\n\n/g)];
      expect(opened).toHaveLength(prose.split("<details").length - 1);
      expect(prose.split("\n</details>")).toHaveLength(opened.length + 1);
    });
  },
);

it("a picture without words, a text that is called one, and a dead anchor are found", () => {
  const page = join(projectDir, "README.md");
  expect(picturesOf('![](a.png) <img alt="two words" src="b.png">')).toEqual([
    { file: "a.png", alt: "" },
    { file: "b.png", alt: "two words" },
  ]);
  expect(faultOf({ file: "docs/live-page.png", alt: "" }, page)).toContain("doesn't say");
  expect(faultOf({ file: "README.md", alt: "what it shows" }, page)).toContain("no PNG");
  expect(isDead("LICENSE", page)).toBe(false);
  expect(isDead("#no-such-heading", page)).toBe(true);
});

/** Pages that say where in the code something is. */
const aboutCode = ofProject
  .map((path) => relative(projectDir, path))
  .filter((path) => path === "CONTRIBUTING.md" || /^docs\/design\/(?!README)/.test(path));

it.each(aboutCode)("%s names files and folders that are there", (page) => {
  const text = readFileSync(join(projectDir, page), "utf8");
  const folders = "bench|chaos|docs|examples|kit|scripts|serve|src|templates|test";
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
    const links = [...readProse(path).matchAll(/\]\(([^)#\s]+\.md)(?:#[^)\s]*)?\)/g)];
    for (const [, to = ""] of links) {
      if (!/^[a-z]+:/.test(to)) visit(join(dirname(path), to));
    }
  };
  visit(join(projectDir, "README.md"));
  expect(ofProject.filter((path) => !reached.has(path))).toEqual([]);
});
