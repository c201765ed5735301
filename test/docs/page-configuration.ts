/** Configuration of Workers in pages: the same in JSON and in TOML, and fragments of it. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";

import { experimental_readRawConfig as readRawConfig } from "wrangler";

import type { PageFiles } from "./steps.ts";

import { differences } from "./transcript.ts";

/**
 * A page that shows wrangler.jsonc may show the same as wrangler.toml: a reader takes one of them. Returns how
 * they differ, and `undefined` if the file is no such alternative.
 */
export async function alternativeFaults(
  path: string,
  text: string,
  files: PageFiles,
): Promise<readonly string[] | undefined> {
  if (basename(path) !== "wrangler.toml") return undefined;
  const json = files.get(join(dirname(path), "wrangler.jsonc"));
  if (!json) return undefined;
  const [{ $schema: _, ...wanted }, came] = await Promise.all([
    configurationOf(json.text, "wrangler.jsonc"),
    configurationOf(text, "wrangler.toml"),
  ]);
  return differences(JSON.stringify(wanted), JSON.stringify(came)).map(
    (fault) => `wrangler.jsonc and wrangler.toml differ: ${fault}`,
  );
}

/** What wrangler reads in it. */
async function configurationOf(text: string, name: string): Promise<Record<string, unknown>> {
  const dir = await mkdtemp(join(tmpdir(), "sluice-config-"));
  try {
    const config = join(dir, name);
    await writeFile(config, text);
    return { ...readRawConfig({ config }).rawConfig };
  } finally {
    await rm(dir, { recursive: true });
  }
}

type Members = Record<string, unknown>;

/** The JSON text with `fragment`, members with or without braces, merged into its member `path`. */
export function merged(text: string, path: string, fragment: string): string {
  const whole = parseJsonc(text);
  const added = parseJsonc(/^\s*\{/.test(withoutComments(fragment)) ? fragment : `{${fragment}\n}`);
  let target = whole;
  for (const name of path.split(".").filter((part) => part !== "")) {
    const inner = target[name] ?? {};
    if (!isMembers(inner)) throw new Error(`"${name}" of ${path} has no members to add to`);
    target[name] = inner;
    target = inner;
  }
  mergeInto(target, added);
  return `${JSON.stringify(whole, undefined, 2)}\n`;
}

function mergeInto(target: Members, added: Members): void {
  for (const [name, value] of Object.entries(added)) {
    const old = target[name];
    if (isMembers(old) && isMembers(value)) mergeInto(old, value);
    else target[name] = value;
  }
}

/** @throws {SyntaxError} If it isn't JSON with comments. */
export function parseJsonc(text: string): Members {
  const json = withoutComments(text).replaceAll(/("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])/g, "$1");
  return JSON.parse(json) as Members;
}

function withoutComments(text: string): string {
  return text.replaceAll(/("(?:[^"\\]|\\.)*")|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, "$1");
}

function isMembers(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
