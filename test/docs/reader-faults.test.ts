/**
 * The reader itself, on the pages of `pages/`: the right ones have each kind of block, and each section of the
 * wrong one is a page with the fault in its heading.
 */
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

import { afterAll, beforeAll, expect, it } from "vitest";

import { allowedNames, readerEnvironment } from "./reader-environment.ts";
import { Reader } from "./reader.ts";

const textOf = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`pages/${name}`, import.meta.url)), "utf8");

const right = ["reader-right.md", "reader-follows.md"];
const wrong = textOf("reader-wrong.md")
  .split(/^## /m)
  .slice(1)
  .map((section) => [section.slice(0, section.indexOf("\n")), `## ${section}`] as const);

let reader: Reader;
beforeAll(async () => {
  reader = await Reader.of(
    new Map([...right.map((name) => [name, textOf(name)] as const), ...wrong]),
  );
});
afterAll(() => reader?.[Symbol.asyncDispose]());

it.each(right)("%s is right", async (name) => {
  await expect(reader.read(name)).resolves.toBeUndefined();
});

it.each(wrong)("a page is wrong: %s", async (heading) => {
  const server = createServer().listen(heading.startsWith("Port") ? 9137 : 0, "localhost");
  await once(server, "listening");
  try {
    await expect(reader.read(heading)).rejects.toThrow(heading);
  } finally {
    server.close();
  }
});

it("a page's commands have no variable but those of the list", async () => {
  const names = Object.keys(readerEnvironment("/nobody"));
  expect(names.filter((name) => !allowedNames.includes(name))).toEqual([]);
  expect(allowedNames.filter((name) => /TOKEN|KEY|PUBLIC|SLUICE/.test(name))).toEqual([]);
  const shown = `\`\`\`console\n$ env | cut -d= -f1 | sort\n${sorted(names)}\n\`\`\`\n`;
  await using own = await Reader.of(new Map([["env.md", shown]]));
  await expect(own.read("env.md")).resolves.toBeUndefined();
});

/** With what bash sets by itself. */
function sorted(names: readonly string[]): string {
  return [...names, "PWD", "SHLVL", "_"].toSorted().join("\n");
}
