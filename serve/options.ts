/** The command line of `npm run serve`, checked before anything is started. */
import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import { join, resolve } from "node:path";
import { parseArgs, parseEnv, type ParseArgsConfig } from "node:util";

import type { ClientLimits } from "./front-relay.ts";

import { ServeError } from "./serve-error.ts";
import { projectDir } from "./worker-bundle.ts";

const DEFAULT_PORT = 8787;
const MAX_PORT = 65_535;
/** Times, in milliseconds. */
interface TimeRange {
  readonly defaultMs: number;
  readonly minMs: number;
  readonly maxMs: number;
}

/** Ten minutes: longer than any supervisor waits before it kills. */
const GRACE: TimeRange = { defaultMs: 5_000, minMs: 0, maxMs: 600_000 };
const HEAD_TIMEOUT: TimeRange = { defaultMs: 10_000, minMs: 1_000, maxMs: 600_000 };
const BODY_TIMEOUT: TimeRange = { defaultMs: 30_000, minMs: 1_000, maxMs: 600_000 };
/** Longer than the minute for which proxies keep idle connections: it is for them to close first. */
const IDLE_TIMEOUT: TimeRange = { defaultMs: 75_000, minMs: 1_000, maxMs: 600_000 };
/** Linux takes 128 KiB in one variable of the environment, its name and a final zero included. */
const MAX_VALUE_BYTES = 127 * 1024;

/** Those of Sluice's variables that are secrets: they are taken from the environment, too. */
const SECRETS = ["API_TOKEN", "ADMIN_TOKEN"];

export const USAGE = `Usage: npm run serve -- --state DIR [options]

  --state DIR         where the buckets are kept; made if it is not there
  --port N            0…${MAX_PORT}, 0 for any free one; default ${DEFAULT_PORT}
  --host ADDRESS      default 127.0.0.1: this machine only
  --config FILE       the wrangler configuration; default wrangler.toml of the project
  --var NAME:VALUE    a variable in place of the one there; may be repeated
  --env-file FILE     lines NAME=VALUE, for what is no business of a command line; may be repeated
  --grace TIME        how long ending may take at most, as in 5s or 500ms; default ${shown(GRACE.defaultMs)}
  --head-timeout TIME
                      how long a client may take for the head of a request; default ${shown(HEAD_TIMEOUT.defaultMs)}
  --body-timeout TIME
                      the same for its body; default ${shown(BODY_TIMEOUT.defaultMs)}
  --idle-timeout TIME
                      how long a connection may be open without a request; default ${shown(IDLE_TIMEOUT.defaultMs)}
  --no-relay          workerd itself listens on the port. Callers that leave keep their place until their
                      turn, half a request stays for ever, and a lack of open files is not told
  --write-bundle DIR  builds the Worker into DIR and ends
  --bundle DIR        runs what --write-bundle wrote, in place of building

API_TOKEN and ADMIN_TOKEN are also taken from the environment. A file goes before that, --var before both.`;

const flags = {
  state: { type: "string" },
  port: { type: "string" },
  host: { type: "string" },
  config: { type: "string" },
  var: { type: "string", multiple: true },
  "env-file": { type: "string", multiple: true },
  grace: { type: "string" },
  "head-timeout": { type: "string" },
  "body-timeout": { type: "string" },
  "idle-timeout": { type: "string" },
  "no-relay": { type: "boolean" },
  bundle: { type: "string" },
  "write-bundle": { type: "string" },
  help: { type: "boolean", short: "h" },
} as const satisfies ParseArgsConfig["options"];

type Flags = ReturnType<typeof parseArgs<{ options: typeof flags }>>["values"];

/** Where the Worker comes from. */
export type BundleSource =
  | { readonly kind: "build"; readonly configPath: string }
  | { readonly kind: "written"; readonly dir: string };

/** What is asked for. */
export type Command =
  | { readonly kind: "help" }
  | { readonly kind: "write-bundle"; readonly dir: string; readonly configPath: string }
  | {
      readonly kind: "serve";
      readonly source: BundleSource;
      readonly stateDir: string;
      readonly host: string;
      readonly port: number;
      readonly relay: ClientLimits | undefined;
      readonly vars: Readonly<Record<string, string>>;
      readonly graceMs: number;
    };

/**
 * Reads the command line. Paths are from the working directory.
 *
 * @throws {ServeError} Naming the option, the value and the limit.
 */
export async function readOptions(
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<Command> {
  const values = parse(args);
  if (values.help === true) return { kind: "help" };
  const configPath =
    values.config === undefined ? join(projectDir, "wrangler.toml") : resolve(values.config);
  const { bundle, "write-bundle": written } = values;
  if (bundle !== undefined && values.config !== undefined) {
    throw fault("--config cannot be used with --bundle: a bundle holds the configuration");
  }
  if (written !== undefined) return { kind: "write-bundle", dir: resolve(written), configPath };
  if (values.state === undefined || values.state === "") {
    throw fault("--state DIR is missing: where are the buckets to be kept?");
  }
  return {
    kind: "serve",
    source:
      bundle === undefined
        ? { kind: "build", configPath }
        : { kind: "written", dir: resolve(bundle) },
    stateDir: values.state,
    host: readHost(values.host),
    port: readPort(values.port),
    relay: readRelay(values),
    vars: {
      ...secretsOf(environment),
      ...(await readEnvFiles(values["env-file"] ?? [])),
      ...readVars(values.var ?? []),
    },
    graceMs: readTime("--grace", values.grace, GRACE),
  };
}

function fault(message: string, cause?: unknown): ServeError {
  return new ServeError(message, { isLasting: true, cause });
}

function parse(args: readonly string[]): Flags {
  try {
    return parseArgs({ args: [...args], options: flags, allowPositionals: false }).values;
  } catch (cause) {
    throw fault(cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function readPort(text = String(DEFAULT_PORT)): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= MAX_PORT) return port;
  throw fault(`--port must be an integer of 0…${MAX_PORT}: got ${JSON.stringify(text)}`);
}

function readHost(host = "127.0.0.1"): string {
  if (isIP(host) !== 0 || /^[A-Za-z0-9._-]+$/.test(host)) return host;
  const got = JSON.stringify(host);
  throw fault(`--host must be a name or an address without port and brackets: got ${got}`);
}

function readRelay(values: Flags): ClientLimits | undefined {
  const { "head-timeout": head, "body-timeout": body, "idle-timeout": idle } = values;
  if (values["no-relay"] !== true) {
    return {
      headMs: readTime("--head-timeout", head, HEAD_TIMEOUT),
      bodyMs: readTime("--body-timeout", body, BODY_TIMEOUT),
      idleMs: readTime("--idle-timeout", idle, IDLE_TIMEOUT),
    };
  }
  if ((head ?? body ?? idle) === undefined) return undefined;
  throw fault("--no-relay leaves nobody to keep --head-timeout, --body-timeout and --idle-timeout");
}

function readTime(option: string, text: string | undefined, range: TimeRange): number {
  if (text === undefined) return range.defaultMs;
  const [, digits, unit] = /^(\d+)(ms|s)$/.exec(text) ?? [];
  const timeMs = Number(digits) * (unit === "s" ? 1_000 : 1);
  if (timeMs >= range.minMs && timeMs <= range.maxMs) return timeMs;
  const bounds = `${shown(range.minMs)}…${shown(range.maxMs)}`;
  throw fault(`${option} must be a time of ${bounds}, in s or ms: got ${JSON.stringify(text)}`);
}

function shown(timeMs: number): string {
  return `${timeMs / 1_000}s`;
}

function secretsOf(environment: NodeJS.ProcessEnv): Record<string, string> {
  const secrets: Record<string, string> = {};
  for (const name of SECRETS) {
    const value = environment[name];
    // Empty is how an environment says that there is none.
    if (value !== undefined && value !== "")
      secrets[name] = checked("The environment", name, value);
  }
  return secrets;
}

function readVars(texts: readonly string[]): Record<string, string> {
  const vars: Record<string, string> = {};
  for (const text of texts) {
    const colon = text.indexOf(":");
    // Not what stands behind the colon: it may be a token.
    if (colon < 1) throw fault("--var must be NAME:VALUE: got one without a name or a colon");
    const name = text.slice(0, colon);
    vars[name] = checked("--var", name, text.slice(colon + 1));
  }
  return vars;
}

async function readEnvFiles(paths: readonly string[]): Promise<Record<string, string>> {
  const vars: Record<string, string> = {};
  for (const path of paths) {
    let text;
    try {
      text = await readFile(path, "utf8");
    } catch (cause) {
      const detail = cause instanceof Error ? cause.message : String(cause);
      throw fault(`--env-file: cannot read ${path}: ${detail}`, cause);
    }
    for (const [name, value] of Object.entries(parseEnv(text))) {
      if (value !== undefined) vars[name] = checked(`--env-file ${path}`, name, value);
    }
  }
  return vars;
}

function checked(from: string, name: string, value: string): string {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    const rule = "letters, digits and _, and not begin with a digit";
    throw fault(`${from}: the name of a variable must be of ${rule}: got ${JSON.stringify(name)}`);
  }
  const bytes = Buffer.byteLength(value);
  if (bytes > MAX_VALUE_BYTES) {
    throw fault(`${from}: ${name} has ${bytes} bytes: at most ${MAX_VALUE_BYTES} can be passed on`);
  }
  if (value.includes("\0")) throw fault(`${from}: ${name} holds a zero byte`);
  return value;
}
