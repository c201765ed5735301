/** The programs of a page, as it leaves them: each is checked by the compiler, and used. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { promisify } from "node:util";

import type { BlockStep, PageFiles } from "./steps.ts";

import { projectDir } from "../../serve/worker-bundle.ts";
import { parseJsonc } from "./page-configuration.ts";

/** Whether the file is JavaScript or TypeScript. */
export function isProgram(path: string): boolean {
  return /\.[cm]?[jt]sx?$/.test(path);
}

/**
 * Programs that nothing uses: no command, no other file, no Worker's configuration and no tool.
 *
 * @param texts Of all files that the page has shown, replaced ones among them.
 */
export function unusedFiles(
  files: PageFiles,
  texts: readonly string[],
  commands: readonly string[],
): BlockStep[] {
  return [...files].flatMap(([path, block]) => {
    if (block.mark.kind === "not-run" || !isProgram(path)) return [];
    const name = basename(path);
    const stem = RegExp.escape(name.replace(/\.\w+$/, ""));
    const others = texts.filter((text) => text !== block.text);
    const isImported = new RegExp(`["'](?:\\.{1,2}|@)/(?:[^"']*/)?${stem}(?:\\.\\w+)?["']`);
    const isMain = new RegExp(`main"? ?[=:] ?"[^"]*\\b${RegExp.escape(name)}"`);
    const isUsed =
      isFoundByTool(path, commands) ||
      commands.some((command) => command.includes(name)) ||
      others.some((text) => isImported.test(text) || isMain.test(text) || isScript(text, name));
    return isUsed ? [] : [block];
  });
}

/** Whether a package.json runs it. */
function isScript(text: string, name: string): boolean {
  return /"scripts"/.test(text) && text.includes(name);
}

/** Tools find some files by their names: test runners, Next.js, what a tool is configured with. */
function isFoundByTool(path: string, commands: readonly string[]): boolean {
  const runs = (pattern: RegExp): boolean => commands.some((command) => pattern.test(command));
  if (/\.test\.\w+$/.test(path)) return runs(/vitest|node --test|npm (run )?test/);
  if (/\/(app|pages)\/.*\.\w+$|\/(middleware|proxy|instrumentation)\.\w+$/.test(path))
    return runs(/\bnext\b/);
  return /\.config\.\w+$|\.d\.ts$/.test(path);
}

/**
 * Projects for programs that no tsconfig.json of the page has: strict TypeScript for Node, and for Workers,
 * whose globals differ. Of JavaScript the names are checked.
 */
const compilerOptions = {
  strict: true,
  noEmit: true,
  target: "es2024",
  module: "esnext",
  moduleResolution: "bundler",
  skipLibCheck: true,
  moduleDetection: "force",
  allowImportingTsExtensions: true,
  types: [],
};
const node = { ...compilerOptions, lib: ["es2024", "dom", "dom.iterable", "dom.asynciterable"] };
const worker = { ...compilerOptions, lib: ["es2024"] };
const script = {
  noImplicitAny: false,
  useUnknownInCatchVariables: false,
  allowJs: true,
  checkJs: true,
};
const globals = {
  node: join(projectDir, "node_modules/@types/node/index.d.ts"),
  worker: join(projectDir, "node_modules/@cloudflare/workers-types/index.d.ts"),
};

interface Place {
  readonly cwd: string;
  readonly scratch: string;
  readonly env: Record<string, string>;
}

/** What the compiler says about the programs of a page. */
export async function typeFaults(files: PageFiles, place: Place): Promise<string[]> {
  const faults: string[] = [];
  const left = new Set([...files.keys()].filter(isProgram));
  const configs = [...left].map((path) => configOf(path, place.cwd));
  for (const config of new Set(configs.filter((path) => path !== undefined))) {
    const output = await compile(config, dirname(config), place.env);
    for (const line of output) if (left.has(line)) left.delete(line);
    faults.push(...errorsIn(output, dirname(config), files));
  }
  const mains = mainsOf(files);
  const isWorker = (path: string): boolean =>
    mains.has(path) ||
    /from "cloudflare:|ExportedHandler|DurableObject/.test(files.get(path)?.text ?? "");
  const isScript = (path: string): boolean => /\.[cm]?jsx?$/.test(path);
  for (const [name, options, isIn] of [
    ["node", node, (path: string) => !isWorker(path) && !isScript(path)],
    ["worker", worker, (path: string) => isWorker(path) && !isScript(path)],
    ["node", { ...node, ...script }, (path: string) => !isWorker(path) && isScript(path)],
    ["worker", { ...worker, ...script }, (path: string) => isWorker(path) && isScript(path)],
  ] as const) {
    const roots = [...left].filter(isIn);
    if (roots.length === 0) continue;
    const generated = join(place.cwd, "worker-configuration.d.ts");
    const ambient = name === "worker" && existsSync(generated) ? generated : globals[name];
    const config = join(
      place.scratch,
      `tsconfig-${name}-${"checkJs" in options ? "js" : "ts"}.json`,
    );
    await writeFile(
      config,
      JSON.stringify({ compilerOptions: options, files: [ambient, ...roots] }),
    );
    const output = await compile(config, place.cwd, place.env);
    faults.push(...errorsIn(output, place.cwd, files));
  }
  return faults;
}

/**
 * In JavaScript, which has no way to say what a type is, only names count: a module, an export, an option or a
 * member that isn't there.
 */
const WRONG_NAME = /TS(?:2304|2305|2307|2353|2551|2561|2724):/;

/** The tsconfig.json nearest to the program, which the page or a tool of it wrote; `undefined` if none did. */
function configOf(path: string, top: string): string | undefined {
  for (let dir = dirname(path); dir === top || dir.startsWith(`${top}/`); dir = dirname(dir)) {
    const config = join(dir, "tsconfig.json");
    if (existsSync(config)) return config;
  }
  return undefined;
}

/** Errors among what the compiler prints, with their places in the page. */
function errorsIn(output: readonly string[], dir: string, files: PageFiles): string[] {
  return output
    .filter((line) => line.includes("error TS") && (WRONG_NAME.test(line) || !line.includes("js(")))
    .map((line) => {
      const [, file = "", number, message] = /^([^(]+)\((\d+),\d+\): (.*)$/.exec(line) ?? [];
      const block = files.get(resolve(dir, file));
      if (!block) return line;
      const [, page = "", fence] = /^(.*):(\d+)$/.exec(block.place) ?? [];
      return `${page}:${Number(fence) + Number(number)}: ${message ?? ""}`;
    });
}

/** Main modules of the Workers that the page configures. */
function mainsOf(files: PageFiles): Set<string> {
  const mains = new Set<string>();
  for (const [path, { text }] of files) {
    const dir = dirname(path);
    if (path.endsWith("wrangler.jsonc")) mains.add(join(dir, String(parseJsonc(text)["main"])));
    const [, main] = (path.endsWith("wrangler.toml") && /^main = "(.+)"$/m.exec(text)) || [];
    if (main !== undefined) mains.add(join(dir, main));
  }
  return mains;
}

/** What the compiler prints, line by line: the page's own, if it has installed one. */
async function compile(
  config: string,
  dir: string,
  env: Record<string, string>,
): Promise<string[]> {
  const own = join(dir, "node_modules/typescript/bin/tsc");
  const tsc = existsSync(own) ? own : join(projectDir, "node_modules/typescript/bin/tsc");
  const args = [tsc, "--project", config, "--noEmit", "--listFiles", "--pretty", "false"];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    cwd: dir,
    env,
    maxBuffer: 2 ** 26,
  }).catch((error: { readonly stdout: string }) => error);
  return stdout.split("\n");
}
