/**
 * `npm run trace`: the files that a plain grant runs through, in the Worker and in its object, and how many
 * frames of Sluice's own are on the stacks of both when the limiter takes the token.
 *
 *   npm run trace [-- --lease]        with `--lease`, the Worker grants from a lease
 *
 * It counts and times nothing. The Worker is bundled as for a deployment; then each function in the bundle
 * gets a call at its beginning, which keeps the stack (workers/traced.ts). The bundler names the file of
 * each of its parts in a comment, and so tells which file a line of a stack is from.
 */
import { parseArgs } from "node:util";

import { parseAst } from "vitest/node";

import { startWorkerd } from "../kit/processes/server.ts";
import { bundleWorker, type WorkerBundle } from "../serve/worker-bundle.ts";
import { benchPolicy } from "./workers/bucket.ts";

/** The function that takes the token, by its name and where it is. */
const TAKING = /take/i;
const TAKEN_IN = "src/core/";
/** Sluice's own files. */
const OWN = "src/";

const { values } = parseArgs({ options: { lease: { type: "boolean", default: false } } });

/**
 * So many build what is kept, and the bucket, and write a batch ahead. An isolate asks for a lease only once
 * there is some demand.
 */
const WARM_UP = values.lease ? 100 : 3;

/** What the traced Worker has seen since it was last asked: stacks, as text. */
interface Trace {
  /** At the beginning of each call. */
  readonly calls: readonly string[];
  /** At each call of an object's `fetch`. */
  readonly handOvers: readonly string[];
}

/** A function on a stack. */
interface Frame {
  readonly file: string;
  readonly name: string;
}

/** Which file each line of a bundle is from, and each character. */
interface Origins {
  readonly byLine: readonly string[];
  readonly at: (offset: number) => string;
}

function originsOf(code: string): Origins {
  let file = "";
  const byLine: string[] = [];
  const starts: { readonly offset: number; readonly file: string }[] = [];
  let offset = 0;
  for (const line of code.split("\n")) {
    const [, next] = /^\/\/ ((?:src|node_modules|bench)\/\S+)$/.exec(line) ?? [];
    if (next !== undefined) starts.push({ offset, file: (file = next) });
    byLine.push(file);
    offset += line.length + 1;
  }
  return {
    byLine,
    at: (place) => starts.findLast(({ offset: from }) => from <= place)?.file ?? "",
  };
}

/** A node of the syntax tree; only the members that are looked at. */
interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly body?: Node;
}

/** Adds a call to the beginning of each of Sluice's functions. No line moves to another place. */
function instrumented(code: string, origins: Origins): string {
  const CALL = "globalThis.entered?.()";
  const inserts: { at: number; text: string }[] = [];
  const visit = (node: unknown): void => {
    if (typeof node !== "object" || node === null) return;
    for (const member of Object.values(node)) visit(member);
    const { type, body } = node as Node;
    if (!/^(FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(type)) return;
    if (!body || !origins.at(body.start).startsWith(OWN)) return;
    const { start, end } = body;
    if (body.type === "BlockStatement") {
      inserts.push({ at: start + 1, text: `${CALL};` });
    } else {
      inserts.push({ at: start, text: `(${CALL},` }, { at: end, text: ")" });
    }
  };
  visit(parseAst(code));
  inserts.sort((one, other) => other.at - one.at);
  let changed = code;
  for (const { at, text } of inserts) changed = changed.slice(0, at) + text + changed.slice(at);
  return changed;
}

/** Sluice's own frames of a stack, outermost first. */
function ownFrames(stack: string, { byLine }: Origins): Frame[] {
  const lines = [
    ...stack.matchAll(/^ +at (?:(?:async )?(\S+)(?: \[as \S+\])? \()?.*?:(\d+):\d+\)?$/gm),
  ];
  const frames = lines.map(([, name = "(anonymous)", line]) => {
    return { name, file: byLine[Number(line) - 1] ?? "" };
  });
  return frames.filter(({ file }) => file.startsWith(OWN)).toReversed();
}

/** The deepest of these stacks. */
function deepest(stacks: readonly Frame[][]): Frame[] {
  return stacks.toSorted((one, other) => other.length - one.length)[0] ?? [];
}

function isTaking(stack: readonly Frame[]): boolean {
  return stack.slice(-1).some(({ file, name }) => file.startsWith(TAKEN_IN) && TAKING.test(name));
}

/** Whether the call was made in the object, by its outermost frame. */
function isObjects([outermost]: readonly Frame[]): boolean {
  return /^src\/(bucket|core)\//.test(outermost?.file ?? "");
}

/** The files of the innermost frames. */
function filesOf(stacks: readonly Frame[][]): string[] {
  const innermost = stacks.flatMap((stack) => stack.slice(-1));
  return [...new Set(innermost.map(({ file }) => file))].sort();
}

async function traceOf(bundle: WorkerBundle): Promise<Trace> {
  const lease = { maxTokens: 4_000, ttlMs: 2_000 };
  const policy = values.lease ? { ...benchPolicy, lease } : benchPolicy;
  const vars = { PUBLIC: "true", POLICIES: { "*": policy } };
  await using server = await startWorkerd({ bundle, vars });
  const acquire = async (): Promise<void> => {
    const response = await fetch(`${server.url}/acquire?bucket=traced`);
    const text = await response.text();
    if (response.status !== 200) throw new Error(`Not granted: ${text}\n${server.output}`);
  };
  const trace = async (): Promise<Trace> => {
    return (await (await fetch(`${server.url}/trace`)).json()) as Trace;
  };
  for (let count = 0; count < WARM_UP; count += 1) await acquire();
  await trace();
  await acquire();
  return await trace();
}

function print(title: string, frames: readonly Frame[]): void {
  console.log(`\n${title}: ${frames.length}`);
  for (const { file, name } of frames) console.log(`  ${file}  ${name}`);
}

const bundle = await bundleWorker({ main: "bench/workers/traced.ts" });
const [main, ...others] = bundle.modules;
if (!main) throw new Error("The bundle has no module");
const code = main.content.toString();
const origins = originsOf(code);
const modules = [{ ...main, content: Buffer.from(instrumented(code, origins)) }, ...others];
const { calls, handOvers } = await traceOf({ ...bundle, modules });

const stacks = calls.map((stack) => ownFrames(stack, origins));
const inWorker = filesOf(stacks.filter((stack) => !isObjects(stack)));
const inObject = filesOf(stacks.filter(isObjects));
for (const [side, names] of Object.entries({ Worker: inWorker, object: inObject })) {
  console.log(`\nFiles in the ${side}: ${names.length}`);
  for (const name of names) console.log(`  ${name}`);
}
const handOver = deepest(handOvers.map((stack) => ownFrames(stack, origins)));
const taking = deepest(stacks.filter(isTaking));
print("Frames in the Worker when it calls the object", handOver);
print("Frames when a token is taken", taking);

const files = new Set([...inWorker, ...inObject]).size;
const frames = handOver.length + taking.length;
console.log(`\n${files} files, ${frames} frames, ${stacks.length} calls of functions`);
