/**
 * A page of the documentation as its code blocks: what they are written in, where they stand, and what
 * their marks say.
 *
 * A mark is a comment right above a block, which readers do not see: `<!-- sample: WHAT -->`.
 *
 * - `not run: REASON`: nobody can run this here.
 * - `continues`: goes on with the block of the same language before it, as one module or shell.
 * - `serves`: starts Sluice and goes on; it is given a port, asked whether it is well, and ended.
 * - `value of NAME`: what a variable of the Worker is set to.
 * - `output`: what the block before it prints. Only needed where the language does not say so.
 */
import { readFileSync } from "node:fs";
import { relative } from "node:path";

import { projectDir } from "../../serve/worker-bundle.ts";

/** What a mark says of a block. */
type Mark =
  | { readonly kind: "none" | "continues" | "serves" | "output" }
  | { readonly kind: "not-run"; readonly reason: string }
  | { readonly kind: "value"; readonly name: string }
  | { readonly kind: "unknown"; readonly text: string };

/** A fenced code block. */
export interface Block {
  /** As `README.md:12`, where its fence stands. */
  readonly place: string;
  /** What stands behind the fence; empty where nothing does. */
  readonly language: string;
  readonly text: string;
  readonly mark: Mark;
  /** Counts the headings before it. */
  readonly section: number;
  /** The last of them. */
  readonly heading: string;
}

/** A page of the documentation. */
export interface Page {
  /** From the project's folder. */
  readonly path: string;
  readonly blocks: readonly Block[];
}

const FENCE = /^(?<indent> *)(?<fence>`{3,}|~{3,})\s*(?<language>\S*)/;
const MARK = /^<!-- sample: (?<text>.+?) -->$/;

/** Reads the page at `path`, absolute. */
export function readPage(path: string): Page {
  const name = relative(projectDir, path);
  return { path: name, blocks: readBlocks(readFileSync(path, "utf8"), name) };
}

/**
 * The blocks of a text in Markdown.
 *
 * @throws {Error} Where a block or a mark has no end, or a mark no block.
 */
export function readBlocks(markdown: string, name: string): Block[] {
  const lines = markdown.split("\n");
  const blocks: Block[] = [];
  let section = 0;
  let heading = "";
  let mark: Mark = { kind: "none" };
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index] ?? "";
    const place = `${name}:${index + 1}`;
    const fence = FENCE.exec(line)?.groups;
    if (fence) {
      const { indent = "", language = "" } = fence;
      const end = lines.findIndex(
        (other, at) => at > index && other.trim() === (fence["fence"] ?? ""),
      );
      if (end === -1) throw new Error(`${place}: a block that does not end`);
      const body = lines.slice(index + 1, end).map((text) => text.replace(indent, ""));
      blocks.push({ place, language, text: `${body.join("\n")}\n`, mark, section, heading });
      mark = { kind: "none" };
      index = end;
    } else if (line.includes("<!-- sample:")) {
      const text = MARK.exec(line.trim())?.groups?.["text"];
      if (text === undefined) throw new Error(`${place}: a mark that is not a line of its own`);
      mark = readMark(text);
    } else if (line.trim() !== "") {
      if (mark.kind !== "none") throw new Error(`${place}: the mark above has no block`);
      const [, title] = /^#{1,6} (.*)$/.exec(line) ?? [];
      if (title !== undefined) {
        section += 1;
        heading = title;
      }
    }
  }
  return blocks;
}

function readMark(text: string): Mark {
  const [, reason] = /^not run: (.{10,})$/.exec(text) ?? [];
  if (reason !== undefined) return { kind: "not-run", reason };
  const [, name] = /^value of ([A-Z_]+)$/.exec(text) ?? [];
  if (name !== undefined) return { kind: "value", name };
  if (text === "continues" || text === "serves" || text === "output") return { kind: text };
  return { kind: "unknown", text };
}
