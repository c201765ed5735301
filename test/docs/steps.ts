/**
 * A page of the documentation as the steps that its reader takes: files to write, commands to run, output to
 * compare.
 *
 * The first line and the language of a block decide what it is:
 *
 *   // src/index.ts      a file, if the first line is a comment with a path; any language
 *   sh                   commands; each must succeed
 *   console              commands after `$ `, with what they print
 *   text, json, http     what the block right before it printed
 *   mermaid              a picture
 *
 * A mark is a comment of its own line right above a block, which the page as it is shown doesn't have:
 *
 *   <!-- stays up -->                a command that doesn't end; the next step begins when it is ready
 *   <!-- not run: REASON -->         needs an account or Docker
 *   <!-- add to FILE -->             JSON that is merged into a file of the page, in the member that the text
 *                                    above names: "add to `vars.POLICIES`"
 *
 * These have no block:
 *
 *   <!-- stop -->                    ends the last command that stays up
 *   <!-- in the folder of PAGE -->   the page begins in the folder in which the other one ends
 */
import { dirname, join } from "node:path";

/** What a mark says about a block. */
type Mark =
  | { readonly kind: "none" | "stays-up" | "not-run" }
  | { readonly kind: "add-to"; readonly file: string; readonly member: string };

/** A fenced code block. */
export interface BlockStep {
  readonly kind: "block";
  /** As `README.md:12`: the line of its fence. */
  readonly place: string;
  readonly language: string;
  /** The file to write it to; `undefined` if its first line names none. */
  readonly file: string | undefined;
  readonly text: string;
  readonly mark: Mark;
  /** The number of headings before it. */
  readonly section: number;
}

export type Step = BlockStep | { readonly kind: "stop"; readonly place: string };

/** A page of the documentation. */
export interface SteppedPage {
  /** From the project's folder. */
  readonly path: string;
  readonly steps: readonly Step[];
  /** The page in whose folder this one begins. */
  readonly follows: string | undefined;
}

/** Blocks of files by absolute path: the last of each. */
export type PageFiles = ReadonlyMap<string, BlockStep>;

/** The blocks among the steps. */
export function blocksOf({ steps }: SteppedPage): BlockStep[] {
  return steps.filter((step) => step.kind === "block");
}

const FENCE = /^(?<indent> *)(?<fence>`{3,}|~{3,})\s*(?<language>\S*)/;
const COMMENT = /^<!-- (?<text>.+) -->$/;
/** Such as `// src/index.ts`, `# .dev.vars` and `<!-- index.html -->`. */
const PATH_LINE =
  /^(?:\/\/|#|;|<!--) (?<path>[\w@.()[\]/-]*[./][\w.[\]()/-]*|[A-Z]\w+file)(?: -->)?\n/;
/** Why a block may not be run: what no machine for tests has. */
const REASON = /\b(?:Cloudflare|Upstash) account|Docker/;
const ADD_TO = /add(?: this| it)? to `(?<member>[\w.*:-]+)`/gi;

/** The page in whose folder the one at `path` begins; from the project's folder, like `path`. */
export function followedBy(markdown: string, path: string): string | undefined {
  const other = /^<!-- in the folder of (?<other>\S+) -->$/m.exec(markdown)?.groups?.["other"];
  return other === undefined ? undefined : join(dirname(path), other);
}

/**
 * The steps of a text in Markdown.
 *
 * @throws {Error} If a block doesn't end, or a mark is unknown or has no block.
 */
export function stepsOf(markdown: string, path: string): SteppedPage {
  const lines = markdown.split("\n");
  const steps: Step[] = [];
  let section = 0;
  let member = "";
  let comment: { readonly text: string; readonly place: string } | undefined;
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index] ?? "";
    const place = `${path}:${index + 1}`;
    const fence = FENCE.exec(line)?.groups;
    if (fence) {
      const end = lines.findIndex((other, at) => at > index && other.trim() === fence["fence"]);
      if (end === -1) throw new Error(`${place}: the block doesn't end`);
      const body = lines
        .slice(index + 1, end)
        .map((text) => text.replace(fence["indent"] ?? "", ""));
      const language = fence["language"] ?? "";
      const mark = markOf(comment, member);
      steps.push({ kind: "block", place, language, mark, section, ...fileOf(body, language) });
      comment = undefined;
      index = end;
      continue;
    }
    if (line.trim() === "") continue;
    if (comment) assertNoMark(comment);
    const text = COMMENT.exec(line.trim())?.groups?.["text"];
    comment = text === undefined ? undefined : { text, place };
    if (text === "stop") steps.push({ kind: "stop", place });
    if (/^#{1,6} /.test(line)) {
      section += 1;
      member = "";
    }
    for (const found of line.matchAll(ADD_TO)) member = found.groups?.["member"] ?? "";
  }
  if (comment) assertNoMark(comment);
  return { path, steps, follows: followedBy(markdown, path) };
}

function fileOf(lines: readonly string[], language: string): Pick<BlockStep, "file" | "text"> {
  const text = `${lines.join("\n")}\n`;
  if (language === "console") return { file: undefined, text };
  const file = PATH_LINE.exec(text)?.groups?.["path"];
  // JSON has no comments: the line is for the reader of the page alone.
  const isJson = file?.endsWith(".json") ?? false;
  return { file, text: isJson ? text.replace(PATH_LINE, "") : text };
}

interface Comment {
  readonly text: string;
  readonly place: string;
}

function markOf(comment: Comment | undefined, member: string): Mark {
  if (!comment) return { kind: "none" };
  const { text, place } = comment;
  if (text === "stop" || text.startsWith("in the folder of ")) return { kind: "none" };
  if (text === "stays up") return { kind: "stays-up" };
  const [, reason] = /^not run: (.+)$/.exec(text) ?? [];
  if (reason !== undefined && REASON.test(reason)) return { kind: "not-run" };
  const [, file] = /^add to (\S+)$/.exec(text) ?? [];
  if (file !== undefined) return { kind: "add-to", file, member };
  if (reason !== undefined) {
    throw new Error(
      `${place}: "${reason}" is no reason: only a Cloudflare or Upstash account or Docker is`,
    );
  }
  throw new Error(`${place}: no mark is called "${text}"`);
}

/** A comment that isn't above a block may be anything but a mark. */
function assertNoMark({ text, place }: Comment): void {
  if (/^(stays up$|not run|add to )/.test(text)) {
    throw new Error(`${place}: the mark has no block below it`);
  }
}
