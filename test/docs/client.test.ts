/** The page of the client: every export, verb and option that the package has, and no other. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { expect, it } from "vitest";

import { projectDir } from "../../serve/worker-bundle.ts";
import { acquireOptions, clientOptions } from "../../src/client/arguments.ts";
import * as client from "../../src/client/index.ts";
import * as hono from "../../src/hono/index.ts";
import * as local from "../../src/local/index.ts";

const read = (path: string): string => readFileSync(join(projectDir, path), "utf8");
const page = read("docs/reference/client.md");

const all = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map(([, found = ""]) => found);

/** What the first cells of a section's tables name, without arguments. */
function namesIn(heading: string): string[] {
  const [, rest = ""] = page.split(`\n${heading}\n`);
  const [section = ""] = rest.split(/\n#{2,6} /);
  const cells = all(section, /^\| (`.*?) \|/gm);
  return cells.flatMap((cell) => all(cell, /`(\w+)(?:\(.*?\))?`/g)).sort();
}

/** The members of an interface, as its source has them. */
function membersOf(path: string, name: string): string[] {
  const [, rest = ""] = read(path).split(`interface ${name}`);
  const [body = ""] = rest.split("\n}\n");
  const members = all(body, /^ {2}(?:readonly )?(\w+)\??[:(]/gm);
  expect(members).not.toEqual([]);
  return members;
}

/** The methods of an object, inherited ones included. */
function verbsOf(object: object): string[] {
  const verbs: string[] = [];
  for (let from = object; from !== Object.prototype; from = Object.getPrototypeOf(from)) {
    verbs.push(...Object.getOwnPropertyNames(from));
  }
  return [...new Set(verbs)].filter((name) => name !== "constructor").sort();
}

it("has every option of createClient", () => {
  expect(namesIn("## createClient")).toEqual([...clientOptions].sort());
});

it("has every verb of a client", () => {
  expect(namesIn("## Verbs")).toEqual(verbsOf(client.createClient({ url: "http://localhost" })));
});

it("has every option of acquire", () => {
  expect(namesIn("### Options of acquire")).toEqual([...acquireOptions].sort());
});

it("has every option of the middleware", () => {
  const own = membersOf("src/client/middleware/limit-request.ts", "RateLimitOptions<Context>");
  const other = ["client", ...clientOptions];
  expect(namesIn("## Middleware")).toEqual([...new Set([...own, ...other])].sort());
});

it("has every option of createPacedFetch, and every member of advice", () => {
  const options = membersOf("src/client/paced-fetch/paced-fetch.ts", "PacedFetchOptions");
  expect(namesIn("## Paced fetch")).toEqual(options.sort());
  const [, advice = ""] = page.split("\n**`advice`**");
  const known = membersOf("src/client/paced-fetch/upstream-advice.ts", "UpstreamAdvice");
  for (const member of known) expect(advice.split("\n")[0]).toContain(`\`${member}\``);
});

it("has every verb of the filter for one process", () => {
  expect(namesIn("## In one process")).toEqual(verbsOf(local.createTokenBucketFilter(1)));
});

it("names everything that the package exports", () => {
  // Errors have a page of their own.
  const isError = (value: unknown): boolean => {
    return typeof value === "function" && value.prototype instanceof Error;
  };
  const exported = Object.entries({ ...client, ...hono, ...local });
  const names = exported.filter(([, value]) => !isError(value)).map(([name]) => name);
  expect(names.filter((name) => !page.includes(name))).toEqual([]);
});
