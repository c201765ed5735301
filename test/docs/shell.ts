/** Blocks for a shell: commands alone, and commands with what they print. */
import { execFile } from "node:child_process";

/** How to run them. */
export interface ShellOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

/** A sample takes seconds at most: so long for a machine with a lot else to do. */
const TIMEOUT_MS = 45_000;

/**
 * Runs `script` in bash and resolves with what it prints.
 *
 * @throws {Error} Where any of its commands fails.
 */
export function runScript(script: string, options: ShellOptions): Promise<string> {
  return bash(`set -euo pipefail\n${script}`, options);
}

/** A command of a transcript, and what it is shown to print. */
export interface Prompted {
  readonly command: string;
  readonly shown: string;
}

/**
 * The commands of a transcript: each begins with `$ ` and goes on while its lines end in `\`.
 *
 * @throws {Error} Where it begins with anything else.
 */
export function promptsOf(text: string): Prompted[] {
  const prompts: { command: string; shown: string }[] = [];
  let isOpen = false;
  for (const line of text.split("\n")) {
    const last = prompts.at(-1);
    if (isOpen && last) last.command += `\n${line}`;
    else if (line.startsWith("$ ")) prompts.push({ command: line.slice(2), shown: "" });
    else if (last) last.shown += `${line}\n`;
    else throw new Error("a transcript begins with a command, as in `$ curl …`");
    isOpen = (isOpen || line.startsWith("$ ")) && line.endsWith("\\");
  }
  return prompts;
}

/** Between what commands print. */
const SEPARATOR = "\u001E";

/** What each of the commands prints, in one shell; errors among it, since a terminal shows them, too. */
export async function runPrompts(
  prompts: readonly Prompted[],
  options: ShellOptions,
): Promise<string[]> {
  const script = prompts.map(({ command }) => `${command}\nprintf '\\036'\n`).join("");
  const output = await bash(`exec 2>&1\n${script}true`, options);
  return output.split(SEPARATOR);
}

function bash(script: string, { cwd, env }: ShellOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { cwd, env, timeout: TIMEOUT_MS };
    execFile("bash", ["-c", script], options, (error, stdout, stderr) => {
      if (error) reject(new Error(`${error.message}\n${stdout}\n${stderr}`));
      else resolve(stdout);
    });
  });
}
