/**
 * A linter plugin that knows the retired words. It reads them from the last two tables of
 * docs/glossary.md, so the page and the linter cannot differ.
 *
 * How an entry of "Retired names" is matched:
 *
 *   putBack   the words of a name, in this order and in any case: hasPutBack, PUT_BACK_MS
 *   say()     a whole name, and nothing more
 *   Tally     a whole name: a type or a class
 *   MOST_     the beginning of a constant
 *   .left     a member: a property, a method, a private field
 *
 * In comments only what is written as code counts: names with a capital or an underscore inside, in
 * backticks, or with parentheses. Prose may use any word that "Retired phrases" doesn't list.
 */
import type { RuleTester } from "oxlint/plugins-dev";

import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const glossary = readFileSync(new URL("../docs/glossary.md", import.meta.url), "utf8");

/** A name in a comment, and what marks it as code: backticks around it or parentheses behind it. */
const COMMENT_NAME = /(`?)([A-Za-z_$][\w$]*)(`|\(\))?/g;
/** What may be between two words of a phrase, where a comment goes on in its next line. */
const BETWEEN_WORDS = String.raw`\s+(?:\*\s+|//\s+)?`;

/** The linter exports no other types of a rule. */
type Rule = Extract<Parameters<RuleTester["run"]>[1], { create: unknown }>;
type Context = Parameters<Rule["create"]>[0];
type Visitor = ReturnType<Rule["create"]>;
type NameNode = Parameters<
  NonNullable<Visitor["Identifier" | "PrivateIdentifier" | "JSXIdentifier"]>
>[0];

interface RetiredName {
  readonly matches: (name: string, isMember: boolean) => boolean;
  readonly use: string;
  /** Folders and files in which the name has another meaning. */
  readonly fineIn: readonly string[];
}

interface Found {
  readonly name: string;
  readonly index: number;
}

const retiredNames: readonly RetiredName[] = rowsBelow("Retired names").flatMap(
  ([retired = "", use = "", fineIn = ""]) =>
    codeIn(retired).map((entry) => ({ matches: matcherOf(entry), use, fineIn: codeIn(fineIn) })),
);

/** Phrases that texts don't use, with what to say instead. */
export const retiredPhrases = rowsBelow("Retired phrases").flatMap(([retired = "", use = ""]) =>
  codeIn(retired).map((phrase) => {
    const words = phrase.split(" ").join(BETWEEN_WORDS);
    return { phrase, use, pattern: new RegExp(String.raw`(?<![\w-])${words}(?![\w-])`, "gi") };
  }),
);

/** The cells of the table below a heading, row by row. */
function rowsBelow(heading: string): string[][] {
  const section = glossary.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  const [, , ...rows] = section.split("\n").filter((line) => line.startsWith("|"));
  if (rows.length === 0) throw new Error(`docs/glossary.md has no table below "${heading}"`);
  return rows.map((row) => row.split("|").slice(1, -1));
}

function codeIn(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code);
}

/** `hasPutBack` and `HAS_PUT_BACK` are both `has put back`. */
function wordsOf(name: string): string {
  return name
    .replaceAll(/([a-z\d])([A-Z])/g, "$1 $2")
    .replaceAll(/([A-Z])([A-Z][a-z])/g, "$1 $2")
    .replaceAll(/[_$]+/g, " ")
    .trim()
    .toLowerCase();
}

function matcherOf(entry: string): RetiredName["matches"] {
  if (entry.startsWith(".")) return (name, isMember) => isMember && name === entry.slice(1);
  if (entry.endsWith("()")) return (name) => name === entry.slice(0, -2);
  if (entry.endsWith("_")) return (name) => name.startsWith(entry);
  if (/^[A-Z]/.test(entry)) return (name) => name === entry;
  const words = ` ${wordsOf(entry)} `;
  return (name) => ` ${wordsOf(name)} `.includes(words);
}

/** What replaces `name` in `file`; `undefined` for a name that isn't retired there. */
function replacementOf(name: string, file: string, isMember: boolean): string | undefined {
  const retired = retiredNames.find(
    ({ matches, fineIn }) =>
      matches(name, isMember) &&
      !fineIn.some((place) => file === place || file.startsWith(`${place}/`)),
  );
  return retired?.use.trim();
}

/** The names in a comment that are written as code. */
function namesInComment(text: string): Found[] {
  const found: Found[] = [];
  for (const { index, 1: opened = "", 2: name = "", 3: closed } of text.matchAll(COMMENT_NAME)) {
    const isMarked = closed === "()" || (opened === "`" && closed === "`");
    if (isMarked || /[a-z\d][A-Z]|_/.test(name)) found.push({ name, index: index + opened.length });
  }
  return found;
}

function isMember(node: NameNode): boolean {
  if (node.type === "PrivateIdentifier") return true;
  const { parent } = node;
  if (!parent || ("computed" in parent && parent.computed)) return false;
  return (
    ("key" in parent && parent.key === node) || ("property" in parent && parent.property === node)
  );
}

function reportAt(context: Context, start: number, length: number, message: string): void {
  const { sourceCode } = context;
  const loc = {
    start: sourceCode.getLocFromIndex(start),
    end: sourceCode.getLocFromIndex(start + length),
  };
  context.report({ loc, message: `${message} (docs/glossary.md)` });
}

export const names: Rule = {
  create(context) {
    const file = relative(root, context.filename);
    /** By place: of a shorthand property, key and value are at one. */
    const reported = new Set<number>();
    const check = (name: string, start: number, isMemberName: boolean): void => {
      const use = replacementOf(name, file, isMemberName);
      if (use === undefined || reported.has(start)) return;
      reported.add(start);
      reportAt(context, start, name.length, `"${name}" is retired: use ${use}`);
    };
    const checkNode = (node: NameNode): void => check(node.name, node.range[0], isMember(node));
    return {
      Identifier: checkNode,
      PrivateIdentifier: checkNode,
      JSXIdentifier: checkNode,
      Program() {
        for (const { value, range } of context.sourceCode.getAllComments()) {
          for (const { name, index } of namesInComment(value)) {
            check(name, range[0] + "/*".length + index, false);
          }
        }
      },
    };
  },
};

export const phrases: Rule = {
  create(context) {
    const check = (text: string, start: number): void => {
      for (const { phrase, use, pattern } of retiredPhrases) {
        for (const { index } of text.matchAll(pattern)) {
          reportAt(
            context,
            start + index,
            phrase.length,
            `"${phrase}" is retired: say ${use.trim()}`,
          );
        }
      }
    };
    return {
      Literal({ raw, value, range }) {
        if (typeof value === "string" && raw !== null) check(raw, range[0]);
      },
      TemplateElement({ value, range }) {
        check(value.raw, range[0]);
      },
      JSXText({ raw, range }) {
        if (raw !== null) check(raw, range[0]);
      },
      Program() {
        for (const { value, range } of context.sourceCode.getAllComments()) {
          check(value, range[0] + "/*".length);
        }
      },
    };
  },
};

export default { meta: { name: "retired" }, rules: { names, phrases } };
