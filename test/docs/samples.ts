/**
 * Runs what pages of the documentation show, block by block, as their readers would: TypeScript against the
 * packed package, installed into a project of its own; commands against a server; what answers look like
 * against what comes.
 *
 * Each page has a Sluice of its own, with the policies that the page configures, and it is what
 * `http://localhost:8787` and `https://sluice.example.com` stand for; `https://api.example.com` is
 * `upstream.ts`. In a section that shows a Worker, `http://localhost:8787` is that Worker in commands,
 * and it has another Sluice to itself.
 *
 * Blocks of a page are run in its order, since a reader goes that way, too.
 *
 * Others' software is run, too. What talks to an Upstash Redis has a Redis of this machine; where there is
 * none, its types are checked, and no more. A Worker with Cloudflare's rate limiting binding runs under
 * `npm start`, which has it.
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { builtinModules } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";

import { build } from "esbuild";
import { inject } from "vitest";

import type { WorkerBundle } from "../../serve/worker-bundle.ts";
import type { Block, Page } from "./page.ts";

import { projectDir } from "../../serve/worker-bundle.ts";
import { installPackage } from "../../kit/processes/packed-package.ts";
import { ProcessGroup } from "../../kit/processes/process-group.ts";
import { hasRedis } from "../../kit/processes/redis.ts";
import { freePort, MAIN_WORKER, startWorkerd } from "../../kit/processes/server.ts";
import { UpstashRest } from "./upstash-rest.ts";
import {
  checkVariable,
  configurationOf,
  readConfiguration,
  shippedPolicies,
  type Configured,
} from "./configuration.ts";
import { startDevWorker } from "./dev-worker.ts";
import { modulesOf, placeOf, sourceOf, type SampleModule } from "./sample-module.ts";
import { promptsOf, runPrompts, runScript, type ShellOptions } from "./shell.ts";
import { differences } from "./transcript.ts";
import { Upstream } from "./upstream.ts";

const run = promisify(execFile);

/** What samples call Sluice. */
const SHOWN_URL = "http://localhost:8787";
const SHOWN_DEPLOYMENT = "https://sluice.example.com";
const SHOWN_UPSTREAM = "https://api.example.com";

/** What samples have in `$ADMIN_TOKEN` and `$SLUICE_TOKEN`. */
const ADMIN_TOKEN = "docs-admin";

/** For types of Workers and of Node, which know different globals. */
const compilerOptions = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noEmit: true,
  target: "es2024",
  skipLibCheck: true,
  moduleDetection: "force",
  allowImportingTsExtensions: true,
};
const projects = {
  node: {
    compilerOptions: {
      ...compilerOptions,
      module: "nodenext",
      lib: ["es2024", "dom", "dom.iterable", "dom.asynciterable"],
      types: ["node"],
    },
  },
  worker: {
    compilerOptions: {
      ...compilerOptions,
      module: "esnext",
      moduleResolution: "bundler",
      lib: ["es2024"],
      types: ["@cloudflare/workers-types"],
    },
  },
};

/** Numbers of the date that the project's own wrangler.toml has. */
const COMPATIBILITY_DATE = "2026-11-09";
/** Variables of Sluice, among those of a page. */
const SLUICE_VARIABLES: ReadonlySet<string> = new Set(["API_TOKEN", "CORS_ORIGINS", "PUBLIC"]);
/** A server of a reader's own has started by then. */
const START_MS = 45_000;
const STOP_MS = 10_000;
const POLL_MS = 50;

/** The Worker that a section shows, running. */
interface SectionWorker {
  readonly section: number;
  readonly server: AsyncDisposable;
  readonly url: string;
  isAsked: boolean;
}

/** What the page has done so far. */
interface PageState {
  readonly configured: Configured;
  readonly url: string;
  readonly modules: readonly SampleModule[];
  /** What the last block printed, until the next one that prints. */
  output?: string;
  /** The Worker that the section shows. */
  worker?: SectionWorker;
  /** Whether the last block could not be run for want of a Redis, so that nobody knows what it prints. */
  isSkipped?: boolean;
}

/** The samples of some pages, ready to be run. */
export class Samples implements AsyncDisposable {
  readonly #dir: string;
  readonly #pages = new Map<Page, PageState>();
  readonly #served = new Map<string, Promise<void>>();
  readonly #owned = new AsyncDisposableStack();
  #typeFaults: readonly string[] = [];
  #upstreamUrl = "";
  /** What takes the place of an Upstash Redis; `undefined` where there is none. */
  #upstash: UpstashRest | undefined = undefined;

  private constructor(dir: string) {
    this.#dir = dir;
  }

  /** Builds and installs the package, starts what samples talk to, and checks all types. */
  static async prepare(pages: readonly Page[]): Promise<Samples> {
    const samples = new Samples(await mkdtemp(join(tmpdir(), "sluice-docs-")));
    try {
      await samples.#prepare(pages);
      return samples;
    } catch (error) {
      await samples[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #prepare(pages: readonly Page[]): Promise<void> {
    const dir = this.#dir;
    this.#owned.defer(() => rm(dir, { recursive: true, force: true }));
    const upstream = this.#owned.use(await Upstream.start());
    this.#upstreamUrl = upstream.url;
    const manifest = { name: "project", private: true, type: "module" };
    await writeFile(join(dir, "package.json"), JSON.stringify(manifest));
    await writeFile(join(dir, ".curlrc"), "silent\nshow-error\n");
    const modules = pages.map(modulesOf);
    const [configured] = await Promise.all([
      Promise.all(pages.map((page) => configurationOf(page, dir))),
      installPackage(inject("packedPackage"), dir, packagesOf(modules.flat())),
    ]);
    if (modules.flat().some(needsRedis) && (await hasRedis())) {
      this.#upstash = this.#owned.use(await UpstashRest.start());
    }
    const others = configured.map((page, index) => [`page${index}`, optionsOf(page)] as const);
    const sluice = await startWorkerd({ others: Object.fromEntries(others) });
    this.#owned.use(sluice);
    for (const [index, page] of pages.entries()) {
      const url = sluice.urlOf(`page${index}`);
      const config = configured[index] as Configured;
      this.#pages.set(page, { configured: config, url, modules: modules[index] ?? [] });
    }
    for (const module of modules.flat()) {
      const { url } = this.#stateOf(module.page);
      await writeFile(join(dir, module.file), this.#withUrls(sourceOf(module), url));
    }
    this.#typeFaults = await this.#checkTypes(modules.flat());
  }

  async #checkTypes(modules: readonly SampleModule[]): Promise<string[]> {
    const faults: string[] = [];
    for (const [name, project] of Object.entries(projects)) {
      const files = modules
        .filter(({ isWorker }) => isWorker === (name === "worker"))
        .map(({ file }) => file);
      const path = join(this.#dir, `tsconfig.${name}.json`);
      await writeFile(path, JSON.stringify({ ...project, files }));
      if (files.length === 0) continue;
      const script = join(projectDir, "node_modules/typescript/bin/tsc");
      const { stdout } = await run(process.execPath, [script, "--project", path], {
        cwd: this.#dir,
      }).catch((error: { stdout: string }) => error);
      faults.push(...stdout.split("\n").filter((line) => line.trim() !== ""));
    }
    return faults;
  }

  /**
   * Runs the block of the page, after those before it.
   *
   * @throws {Error} With what is wrong, where anything is.
   */
  async run(page: Page, block: Block): Promise<void> {
    const state = this.#stateOf(page);
    if (state.worker && state.worker.section !== block.section) await this.#endWorker(state);
    const { mark } = block;
    switch (mark.kind) {
      case "unknown":
        throw new Error(`No mark is called "${mark.text}"`);
      case "not-run":
        return checkScripts(block.text);
      case "serves":
        return this.#serve(block.text);
      case "value":
        return checkVariable(mark.name, block.text.trim());
      case "output":
        return compare(block.text, state);
      case "continues":
        if (block.language !== "ts") throw new Error("Only TypeScript goes on in another block");
        return this.#runModule(state, block);
      case "none":
        return this.#runByLanguage(state, block);
      default:
        return mark satisfies never;
    }
  }

  async #runByLanguage(state: PageState, block: Block): Promise<void> {
    if (block.language === "sh" || block.language === "console") state.isSkipped = false;
    switch (block.language) {
      case "ts":
        return this.#runModule(state, block);
      case "sh":
        state.output = await this.#runCommands(state, block);
        return undefined;
      case "console":
        return this.#runTranscript(state, block);
      case "toml":
        return this.#checkConfiguration(block);
      case "json":
      case "http":
      case "text":
        return compare(block.text, state);
      case "mermaid":
        if (/^(sequenceDiagram|flowchart|stateDiagram)/.test(block.text)) return undefined;
        throw new Error("No such picture");
      case "":
        throw new Error("The block has no language");
      default:
        throw new Error(`Nobody knows how to run "${block.language}"`);
    }
  }

  async #checkConfiguration(block: Block): Promise<void> {
    const { vars } = await readConfiguration(block, this.#dir);
    for (const [name, value] of Object.entries(sluiceVars(vars))) await checkVariable(name, value);
  }

  /** Type-checks the block, and runs its module where it is the last of it. */
  async #runModule(state: PageState, block: Block): Promise<void> {
    const module = state.modules.find(({ blocks }) => blocks.includes(block));
    if (!module) throw new Error("There is no block that this one could go on with");
    const faults = this.#typeFaultsOf(module);
    if (faults.length > 0) throw new Error(faults.join("\n"));
    if (module.blocks.at(-1) !== block) return;
    if (module.isWorker) {
      await this.#startWorker(state, module, block.section);
      return;
    }
    state.isSkipped = needsRedis(module) && !this.#upstash;
    if (state.isSkipped) return;
    const options = this.#shell(state);
    state.output = await runScript(`node ${module.file}`, options);
  }

  #typeFaultsOf(module: SampleModule): string[] {
    return this.#typeFaults.flatMap((fault) => {
      const [, file, line, message] = /^([^(]+)\((\d+),\d+\): (.*)$/.exec(fault) ?? [];
      // What is no line of a file is everybody's, as a project that cannot be read is.
      if (file === undefined) return fault.startsWith(" ") ? [] : [fault];
      return file === module.file ? [`${placeOf(module, Number(line))}: ${message}`] : [];
    });
  }

  async #startWorker(state: PageState, module: SampleModule, section: number): Promise<void> {
    await this.#endWorker(state);
    const { configured } = state;
    if (needsWrangler(module)) {
      const server = await startDevWorker(this.#dir, module.file, configured);
      state.worker = { section, server, url: server.url, isAsked: false };
      return;
    }
    const bundle = await this.#bundle(module, configured);
    const bound = configured.services.map(({ binding, entrypoint }) => {
      if (entrypoint === undefined) throw new Error(`"${binding}" has no entrypoint`);
      return [binding, { worker: MAIN_WORKER, entrypoint }] as const;
    });
    const { POLICIES, ...vars } = { POLICIES: optionsOf(configured).policies, ...configured.vars };
    const hasObjects = bundle.config.durable_objects.bindings.length > 0;
    const sample = {
      bundle,
      vars: { ...vars, ADMIN_TOKEN, ...(hasObjects && { POLICIES }) },
      services: Object.fromEntries(bound),
    };
    const server = await startWorkerd({
      ...optionsOf(configured),
      others: { sample },
      reachesThisMachine: true,
    });
    state.worker = { section, server, url: server.urlOf("sample"), isAsked: false };
  }

  /** @throws {Error} Where nothing was sent to it: then nobody knows whether it works. */
  async #endWorker(state: PageState): Promise<void> {
    const { worker } = state;
    delete state.worker;
    if (!worker) return;
    await worker.server[Symbol.asyncDispose]();
    if (!worker.isAsked)
      throw new Error("The Worker of the section before is not asked for anything");
  }

  async #bundle({ file }: SampleModule, configured: Configured): Promise<WorkerBundle> {
    const { outputFiles, metafile } = await build({
      entryPoints: [join(this.#dir, file)],
      bundle: true,
      write: false,
      metafile: true,
      format: "esm",
      target: "es2024",
      conditions: ["workerd", "worker", "browser"],
      external: ["cloudflare:*", ...builtinModules.map((name) => `node:${name}`)],
      logLevel: "silent",
    });
    const exported = Object.values(metafile.outputs)[0]?.exports ?? [];
    const bindings = configured.objects.filter(({ class_name }) => exported.includes(class_name));
    return {
      config: {
        main: file,
        compatibility_date: COMPATIBILITY_DATE,
        compatibility_flags: configured.flags,
        vars: {},
        durable_objects: { bindings },
        migrations: [{ new_sqlite_classes: bindings.map(({ class_name }) => class_name) }],
      },
      modules: [
        {
          name: "worker.js",
          kind: "esModule",
          content: Buffer.from(outputFiles[0]?.contents ?? []),
        },
      ],
    };
  }

  async #runCommands(state: PageState, { text }: Block): Promise<string> {
    const url = this.#urlFor(state);
    const options = this.#shell(state, text);
    // A status that is no success is a failure of the sample: nothing shows it.
    const env = { ...options.env, CURL_HOME: await this.#strictCurl() };
    const output = await runScript(this.#withUrls(text, url), { ...options, env });
    return withoutUrls(output, url);
  }

  async #strictCurl(): Promise<string> {
    const dir = await mkdtemp(join(this.#dir, "curl-"));
    await writeFile(join(dir, ".curlrc"), "silent\nshow-error\nfail-with-body\n");
    return dir;
  }

  async #runTranscript(state: PageState, { text }: Block): Promise<void> {
    const url = this.#urlFor(state);
    const prompts = promptsOf(this.#withUrls(text, url));
    const outputs = await runPrompts(prompts, this.#shell(state, text));
    const faults = prompts.flatMap(({ shown }, index) => {
      return differences(withoutUrls(shown, url), withoutUrls(outputs[index] ?? "", url));
    });
    state.output = withoutUrls(outputs.join(""), url);
    if (faults.length > 0) throw new Error(faults.join("\n"));
  }

  /** What several pages start is started once. */
  #serve(text: string): Promise<void> {
    const command = text.replaceAll(/\s*#.*$/gm, "").trim();
    const served = this.#served.get(command) ?? this.#start(command);
    this.#served.set(command, served);
    return served;
  }

  /** Starts it on a free port, with a state of its own, until it is well, and ends it. */
  async #start(command: string): Promise<void> {
    const stateDir = await mkdtemp(join(this.#dir, "state-"));
    const port = await freePort();
    const emptyFile = join(stateDir, "empty.env");
    await writeFile(emptyFile, "");
    const shellLine = command
      .replace(/ --port \d+/, "")
      .replace(/(--state|--persist-to) \S+/, `$1 ${stateDir}`);
    const more = `--port ${port} --env-file ${emptyFile}`;
    const all = shellLine.includes(" -- ") ? `${shellLine} ${more}` : `${shellLine} -- ${more}`;
    const env = { ...process.env, PATH: this.#path(), WRANGLER_SEND_METRICS: "false" };
    const group = new ProcessGroup("bash", ["-c", all], { cwd: projectDir, env });
    await group.until((signal) => isWell(`http://127.0.0.1:${port}/healthz`, signal), START_MS);
    await group.interrupt(STOP_MS);
  }

  #shell({ url }: PageState, text = ""): ShellOptions {
    // What readers run in the project's folder is run there; all else in a project of theirs.
    const isOurs = /^(\$ )?npm (start|test|run)\b/m.test(text);
    const env = {
      ...process.env,
      PATH: this.#path(),
      CURL_HOME: this.#dir,
      ADMIN_TOKEN,
      SLUICE_URL: url,
      // Good for all that a sample does; where nothing is asked for, a token is not looked at.
      SLUICE_TOKEN: ADMIN_TOKEN,
      ...this.#upstash?.env,
      npm_config_offline: "true",
      npm_config_update_notifier: "false",
    };
    return { cwd: isOurs ? projectDir : this.#dir, env };
  }

  /** Node of the tests first, and what the package brings. */
  #path(): string {
    const folders = [dirname(process.execPath), join(this.#dir, "node_modules/.bin")];
    return [...folders, process.env["PATH"] ?? ""].join(delimiter);
  }

  /** What `http://localhost:8787` is in commands: the section's Worker, or the page's Sluice. */
  #urlFor({ worker, url }: PageState): string {
    if (!worker) return url;
    worker.isAsked = true;
    return worker.url;
  }

  #withUrls(text: string, url: string): string {
    return text
      .replaceAll(SHOWN_URL, url)
      .replaceAll(SHOWN_URL.replace("http", "ws"), url.replace("http", "ws"))
      .replaceAll(SHOWN_DEPLOYMENT, url)
      .replaceAll(SHOWN_UPSTREAM, this.#upstreamUrl);
  }

  #stateOf(page: Page): PageState {
    const state = this.#pages.get(page);
    if (!state) throw new Error(`${page.path} is not prepared`);
    return state;
  }

  /** Ends the page's last Worker. */
  async end(page: Page): Promise<void> {
    await this.#endWorker(this.#stateOf(page));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { worker } of this.#pages.values()) await worker?.server[Symbol.asyncDispose]();
    await this.#owned.disposeAsync();
  }
}

function optionsOf({ policies, vars }: Configured) {
  return {
    policies: { ...shippedPolicies, ...policies },
    vars: { ADMIN_TOKEN, ...sluiceVars(vars) },
  };
}

/** Of what a page configures, what is Sluice's own. */
function sluiceVars(vars: Configured["vars"]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(vars).filter(([name]) => SLUICE_VARIABLES.has(name)));
}

/** Whether it talks to an Upstash Redis. */
function needsRedis(module: SampleModule): boolean {
  return sourceOf(module).includes('"@upstash/redis"');
}

/** Whether it has a binding whose local part is wrangler's. */
function needsWrangler(module: SampleModule): boolean {
  return /: RateLimit;/.test(sourceOf(module));
}

/** Packages that the modules import, and those whose types they are checked with. */
function packagesOf(modules: readonly SampleModule[]): string[] {
  const names = modules.flatMap((module) => {
    return [...sourceOf(module).matchAll(/ from "((?:@[^/"]+\/)?[^/".:]+)/g)].map(
      ([, name]) => name,
    );
  });
  const all = new Set(["hono", "@cloudflare/workers-types", "@types/node", ...names]);
  return [...all].filter((name): name is string => name !== undefined && name !== "sluice");
}

function compare(shown: string, state: PageState): void {
  if (state.isSkipped) return;
  if (state.output === undefined) throw new Error("Nothing before this block prints anything");
  const faults = differences(shown, state.output);
  if (faults.length > 0) throw new Error(faults.join("\n"));
}

function withoutUrls(text: string, url: string): string {
  return text.replaceAll(url, SHOWN_URL);
}

/** @throws {Error} Where it runs a script of npm that there is not. */
async function checkScripts(text: string): Promise<void> {
  const manifest = await import("../../package.json", { with: { type: "json" } });
  const scripts: readonly string[] = Object.keys(manifest.default.scripts);
  for (const [, name = ""] of text.matchAll(/^(?:\$ )?npm run ([a-z:]+)/gm)) {
    if (!scripts.includes(name)) throw new Error(`No script is called "${name}"`);
  }
}

async function isWell(url: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    const response = await fetch(url, { signal }).catch(() => undefined);
    if (response?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    signal.throwIfAborted();
  }
}
