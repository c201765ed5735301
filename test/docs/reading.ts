/** One page that is being read: its terminal, its servers and its files. See `reader.ts`. */
import { execFile } from "node:child_process";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";

import { ProcessGroup } from "../../kit/processes/process-group.ts";
import { alternativeFaults, merged } from "./page-configuration.ts";
import { assertFree, portsOf } from "./page-ports.ts";
import { isProgram, typeFaults, unusedFiles } from "./page-programs.ts";
import { promptsOf } from "./prompts.ts";
import { blocksOf, type BlockStep, type Step, type SteppedPage } from "./steps.ts";
import { Terminal } from "./terminal.ts";
import { differences } from "./transcript.ts";

/** `wrangler dev` takes seconds, on a machine with a lot else to do. */
const START_MS = 90_000;
const STOP_MS = 10_000;
const POLL_MS = 100;
/** What a server prints about a request may come after the answer. */
const OUTPUT_MS = 5_000;
/** A server that watches its files has noticed a change, and is quiet for so long when it has restarted. */
const QUIET_MS = 1_500;
/** Servers that watch their files. */
const WATCHES = /wrangler|next|vite|npm (run dev|start)|--watch/;
/** What commands print when they are ready. */
const READY = /https?:\/\/(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1?\])|listening on|ready on/i;

/** curl as at a terminal, where it shows no progress; and as in a script that means to succeed. */
const CURL = "silent\nshow-error\n";
const STRICT_CURL = `${CURL}fail-with-body\n`;

/** How the page begins. */
export interface Beginning {
  readonly cwd: string;
  readonly scratch: string;
  readonly env: Record<string, string>;
}

/** A page that is being read. */
export class Reading {
  readonly #page: SteppedPage;
  readonly #beginning: Beginning;
  readonly #terminal: Terminal;
  readonly #servers: ProcessGroup[] = [];
  /** The blocks of files, by absolute path: the last of each. */
  readonly #files = new Map<string, BlockStep>();
  /** Texts of all files that were written, replaced ones among them. */
  readonly #texts: string[] = [];
  /** Commands that ran. */
  readonly #commands: string[] = [];
  /** What the last block printed, if it printed something. */
  #printed: { readonly block: BlockStep; readonly output: () => string } | undefined;
  #hasChangedFiles = false;

  constructor(page: SteppedPage, beginning: Beginning) {
    this.#page = page;
    this.#beginning = beginning;
    this.#terminal = new Terminal(beginning);
  }

  /** Takes each step, and resolves with the folder in which the last one ended. */
  async run(): Promise<string> {
    const ports = portsOf(blocksOf(this.#page));
    for (const port of ports) await assertFree(port, this.#page.path);
    for (const step of this.#page.steps) {
      try {
        await this.#take(step);
      } catch (error) {
        throw new Error(`${step.place}: ${(error as Error).message}`, { cause: error });
      }
    }
    return this.#terminal.cwd;
  }

  /** Ends all that the page has started. */
  async end(): Promise<void> {
    for (const server of this.#servers.splice(0)) await server.interrupt(STOP_MS);
    await this.#terminal.close();
  }

  /** @throws {Error} With what is wrong about the files as the page leaves them. */
  async check(): Promise<void> {
    const unused = unusedFiles(this.#files, this.#texts, this.#commands).map(
      (block) =>
        `${block.place}: ${block.file ?? ""} is never run, nor imported, nor a Worker's main`,
    );
    const faults = unused.concat(await typeFaults(this.#files, this.#beginning));
    if (faults.length > 0) throw new Error(faults.join("\n"));
  }

  #take(step: Step): Promise<void> {
    if (step.kind === "stop") return this.#stop();
    if (step.mark.kind === "add-to") return this.#addTo(step, step.mark.file, step.mark.member);
    if (step.file !== undefined) return this.#write(step, step.file);
    if (step.mark.kind === "not-run") return checkScript(step.text);
    switch (step.language) {
      case "sh":
        return step.mark.kind === "stays-up"
          ? this.#start(step, step.text)
          : this.#run(step, step.text);
      case "console":
        return this.#transcript(step);
      case "text":
      case "json":
      case "http":
        return this.#compare(step);
      case "mermaid":
        if (/^(sequenceDiagram|flowchart|stateDiagram)/.test(step.text)) return Promise.resolve();
        throw new Error("the picture is of no known kind");
      default:
        throw new Error(
          `say which file this "${step.language}" is: its first line is a comment with the path`,
        );
    }
  }

  async #run(block: BlockStep, script: string): Promise<void> {
    const curl = /\bcurl\b.* -(?:[a-zA-Z]*f|-fail)/.test(script) ? CURL : STRICT_CURL;
    await this.#ready(script, curl);
    const output = await this.#terminal.run(script, true);
    this.#printed = { block, output: () => output };
  }

  async #transcript(block: BlockStep): Promise<void> {
    let all = "";
    for (const { command, shown } of promptsOf(block.text)) {
      await this.#ready(command, CURL);
      const output = await this.#terminal.run(command, false);
      all += output;
      const faults = differences(shown, output);
      if (faults.length > 0) throw new Error(`${command.trim()}: ${faults.join("\n")}\n${output}`);
    }
    this.#printed = { block, output: () => all };
  }

  /** Starts a command that stays up, as in a terminal of its own, and waits until it is ready. */
  async #start(block: BlockStep, script: string): Promise<void> {
    await this.#ready(script, CURL);
    const env = await this.#terminal.exported();
    const server = new ProcessGroup("bash", ["-c", script], { cwd: this.#terminal.cwd, env });
    this.#servers.push(server);
    await server.until(async (signal) => {
      while (!READY.test(server.output)) await setTimeout(POLL_MS, undefined, { signal });
    }, START_MS);
    this.#printed = { block, output: () => server.output };
  }

  async #stop(): Promise<void> {
    const server = this.#servers.pop();
    if (!server) throw new Error("nothing stays up that could be stopped");
    await server.interrupt(STOP_MS);
  }

  /** Compares a block with what the one right before it printed; a server may print it later. */
  async #compare(block: BlockStep): Promise<void> {
    const { steps } = this.#page;
    const before = steps[steps.indexOf(block) - 1];
    const isOutput = before?.kind === "block" && before.section === block.section;
    const printed = this.#printed;
    if (!isOutput || !printed || printed.block !== before) {
      if (block.language === "text") return;
      throw new Error(
        "nothing before it in this section printed anything: use text if it is no output",
      );
    }
    const isServer = printed.block.mark.kind === "stays-up";
    const wanted = isServer ? `…\n${block.text.trim()}\n…` : block.text;
    const deadline = performance.now() + (isServer ? OUTPUT_MS : 0);
    for (;;) {
      const output = printed.output();
      const faults = differences(wanted, output);
      if (faults.length === 0) break;
      if (performance.now() >= deadline) throw new Error(`${faults.join("\n")}\n${output}`);
      await setTimeout(POLL_MS);
    }
    this.#printed = { ...printed, block };
  }

  async #write(block: BlockStep, file: string): Promise<void> {
    const path = join(this.#terminal.cwd, file);
    const faults = await alternativeFaults(path, block.text, this.#files);
    if (faults === undefined) {
      // It may be a link to the file of another page.
      await rm(path, { force: true });
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, block.text);
      this.#files.set(path, block);
      this.#texts.push(block.text);
      this.#hasChangedFiles = true;
    } else if (faults.length > 0) {
      throw new Error(faults.join("\n"));
    }
    if (block.mark.kind === "stays-up") return this.#start(block, `node ${file}`);
    if (this.#runsByItself(block, file)) return this.#run(block, `node ${file}`);
  }

  /** In docs/reference, a program that the page does nothing else with. */
  #runsByItself(block: BlockStep, file: string): boolean {
    if (!this.#page.path.startsWith("docs/reference/") || !isProgram(file)) return false;
    if (block.mark.kind === "not-run") return false;
    const name = file.replace(/^.*\//, "");
    return !blocksOf(this.#page).some((other) => other !== block && other.text.includes(name));
  }

  async #addTo(block: BlockStep, file: string, member: string): Promise<void> {
    const path = join(this.#terminal.cwd, file);
    const text = await readFile(path, "utf8").catch(() => {
      throw new Error(`there is no ${file} to add to`);
    });
    const whole = merged(text, member, block.text);
    await rm(path);
    await writeFile(path, whole);
    this.#hasChangedFiles = true;
  }

  /** Before a command: servers that watch their files have restarted. */
  async #ready(command: string, curl: string): Promise<void> {
    this.#commands.push(command);
    await writeFile(join(this.#beginning.env["HOME"] ?? "", ".curlrc"), curl);
    if (!this.#hasChangedFiles) return;
    this.#hasChangedFiles = false;
    const watching = this.#servers.filter(({ child }) => WATCHES.test(child.spawnargs.join(" ")));
    const printed = (): string => watching.map(({ output }) => output).join("");
    let last: string | undefined;
    while (watching.length > 0 && last !== printed()) {
      last = printed();
      await setTimeout(QUIET_MS);
    }
  }
}

/** @throws {Error} If bash couldn't read it. */
async function checkScript(text: string): Promise<void> {
  await promisify(execFile)("bash", ["-nc", text]);
}
