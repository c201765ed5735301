/** The page of errors: every reason, error and exit code that the code has, with messages that the code says. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { projectDir } from "../../serve/worker-bundle.ts";
import { exitCodes } from "../../src/cli/exit-code.ts";
import * as client from "../../src/client/index.ts";
import * as hono from "../../src/hono/index.ts";
import * as local from "../../src/local/index.ts";
import { reasonFields } from "../../src/protocol/reasons.ts";

const page = readFileSync(join(projectDir, "docs/reference/errors.md"), "utf8");

interface Row {
  readonly heading: string;
  /** The cells by the heads of their columns. */
  readonly cells: Readonly<Record<string, string>>;
}

const CELL_BORDER = /(?<!\\)\|/;
const cellsIn = (line: string): string[] =>
  line
    .split(CELL_BORDER)
    .slice(1, -1)
    .map((cell) => cell.trim());

/** The rows of all tables of the page. */
function rowsIn(text: string): Row[] {
  const rows: Row[] = [];
  let heading = "";
  let heads: string[] | undefined;
  for (const line of text.split("\n")) {
    if (line.startsWith("#")) heading = line.replace(/^#+ /, "");
    if (!line.startsWith("|")) heads = undefined;
    else if (!heads) heads = cellsIn(line).map((head) => head.replaceAll("`", ""));
    else if (!/^[|\s-]+$/.test(line)) {
      const entries = cellsIn(line).map((cell, index) => [heads?.[index] ?? "", cell] as const);
      rows.push({ heading, cells: Object.fromEntries(entries) });
    }
  }
  return rows;
}

/** Thrown within the package, which catches them. */
const internal = new Set([
  "No id: …",
  "No pause of … was joined",
  "No upgrade: status …",
  "An event must have at most … characters",
]);

const rows = rowsIn(page);
const codesIn = (cell = ""): string[] =>
  [...cell.matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code);

describe("docs/reference/errors.md", () => {
  const listed = rows.flatMap(({ heading, cells: { status, reason, ...others } }) => {
    return reason === undefined ? [] : [{ heading, status, reason: codesIn(reason), others }];
  });

  it("has every reason, with its status", () => {
    const found = listed.flatMap(({ status, reason }) => reason.map((each) => `${status} ${each}`));
    const known = Object.entries(reasonFields).map(([reason, { status }]) => `${status} ${reason}`);
    expect([...new Set(found)].sort()).toEqual(known.sort());
  });

  it("says which reasons the client returns, and which it passes to onError", () => {
    const under = (text: string): Set<string> => {
      const rowsThere = listed.filter(({ heading }) => heading === text);
      return new Set(rowsThere.flatMap(({ reason }) => reason));
    };
    const having = (field: "isOutcome" | "isMisconfigured"): Set<string> => {
      const all = Object.entries(reasonFields).filter(([, fields]) => fields[field]);
      return new Set(all.map(([reason]) => reason));
    };
    expect(under("An acquire was refused")).toEqual(having("isOutcome"));
    const wrong = under("The key, the address or the configuration is wrong");
    expect(wrong).toEqual(having("isMisconfigured").add("host-not-allowed"));
  });

  it("says of every reason, error and code what to do", () => {
    const silent = rows.filter(({ cells }) => {
      // Nothing is to be done about what went well, and about a signal that somebody has sent.
      const isFine = ["0", "128 + N"].includes(cells["code"] ?? "");
      return cells["what to do"] === "" && !isFine;
    });
    expect(silent).toEqual([]);
  });

  it("has every error that the package exports, and what answers is no Sluice", () => {
    const isError = ([, value]: [string, unknown]): boolean => {
      return typeof value === "function" && value.prototype instanceof Error;
    };
    const exported = Object.entries({ ...client, ...hono, ...local }).filter(isError);
    expect(exported).not.toEqual([]);
    const errors = rows.flatMap(({ cells }) => codesIn(cells["error"]));
    expect(errors).toEqual(expect.arrayContaining(exported.map(([name]) => name)));
    expect(errors).toContain("unexpected-answer");
  });

  it("has every exit code of the command line", () => {
    const codes = rows.flatMap(({ cells: { code } }) => (code === undefined ? [] : [code]));
    expect(codes.map((code) => parseInt(code, 10))).toEqual(Object.values(exitCodes));
  });

  it("quotes messages as the code says them", () => {
    const files = globSync(["src/**/*.ts", "scripts/*.mjs"], { cwd: projectDir });
    const sources = files
      .filter((file) => !file.endsWith("assets.ts"))
      .map((file) => readFileSync(join(projectDir, file), "utf8"))
      .join("\n");
    const messages = rows
      .flatMap(({ cells }) => ["detail", "message", "what it means"].map((head) => cells[head]))
      .flatMap(codesIn)
      .filter((code) => code.includes(" ") && !code.startsWith("{"));
    expect(messages.length).toBeGreaterThan(40);
    const unknown = messages.filter((message) => {
      const parts = message.split("…").map((part) => part.replaceAll(/^[";:, ]+|["; ]+$/g, ""));
      return !parts.every((part) => sources.includes(part));
    });
    expect(unknown).toEqual([]);
  });

  it("has every message that the package throws", () => {
    const files = globSync("src/{client,hono,holding,local,testing}/**/*.ts", { cwd: projectDir });
    const sources = files.map((file) => readFileSync(join(projectDir, file), "utf8")).join("\n");
    const pattern =
      /new (?:RangeError|TypeError|SluiceError|TransportError)\(\s*(?:\{ detail: )?(["`])(.*?)\1/g;
    const thrown = [...sources.matchAll(pattern)].map(([, , text = ""]) => {
      return text.replaceAll(/\$\{.*?\}/g, "…");
    });
    expect(thrown.length).toBeGreaterThan(40);
    // The page may leave out the end of a long one.
    const isOnPage = (message: string): boolean => {
      const [start = ""] = message.split(", such as ");
      return page.includes(`\`${start}`) || internal.has(message);
    };
    expect(thrown.filter((message) => !isOnPage(message))).toEqual([]);
    expect([...internal].filter((message) => !thrown.includes(message))).toEqual([]);
  });
});
