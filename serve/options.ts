/** The command line of `npm run serve`, validated before anything starts. */
import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import { join, resolve } from "node:path";
import { parseArgs, parseEnv, type ParseArgsConfig } from "node:util";

import type { ClientLimits } from "./front-relay.ts";

import { ServeError } from "./serve-error.ts";
import { projectDir } from "./worker-bundle.ts";

const DEFAULT_PORT = 8787;
const MAX_PORT = 65_535;
/** The default and the bounds of a time option, in milliseconds. */
interface TimeRange {
  readonly defaultMs: number;
  readonly minMs: number;
  readonly maxMs: number;
}

/** Up to ten minutes: longer than any supervisor waits before it sends SIGKILL. */
const GRACE: TimeRange = { defaultMs: 5_000, minMs: 0, maxMs: 600_000 };
const HEAD_TIMEOUT: TimeRange = { defaultMs: 10_000, minMs: 1_000, maxMs: 600_000 };
const BODY_TIMEOUT: TimeRange = { defaultMs: 30_000, minMs: 1_000, maxMs: 600_000 };
/** By default longer than the minute for which proxies keep idle connections, so that they close first. */
const IDLE_TIMEOUT: TimeRange = { defaultMs: 75_000, minMs: 1_000, maxMs: 600_000 };
/** Linux allows 128 KiB for one environment variable, including its name and the final zero byte. */
const MAX_VALUE_BYTES = 127 * 1024;

/** Sluice's secrets, which are also read from the environment. */
const SECRETS = ["API_TOKEN", "ADMIN_TOKEN"];

export const USAGE = `Usage: npm run serve -- --state DIR [options]

  --state DIR         directory for the buckets, created if missing
  --port N            0…${MAX_PORT}, 0 for any free port; default ${DEFAULT_PORT}
  --host ADDRESS      address or name to listen on; default 127.0.0.1: this machine only
  --config FILE       wrangler configuration; default: the project's wrangler.toml
  --var NAME:VALUE    override a variable of the configuration; may be repeated
  --env-file FILE     NAME=VALUE lines, for secrets that must not appear on a command line; may be repeated
  --grace TIME        maximum time for an orderly shutdown, such as 5s or 500ms; default ${shown(GRACE.defaultMs)}
  --head-timeout TIME
                      maximum time to receive the head of a request; default ${shown(HEAD_TIMEOUT.defaultMs)}
  --body-timeout TIME
                      maximum time to receive the body of a request; default ${shown(BODY_TIMEOUT.defaultMs)}
  --idle-timeout TIME
                      how long a connection may stay open without a request; default ${shown(IDLE_TIMEOUT.defaultMs)}
  --no-relay          let workerd listen on the port itself. Callers that disconnect keep their place until
                      their turn, incomplete requests never time out, and running out of open files is
                      not reported
  --write-bundle DIR  build the Worker into DIR and exit
  --bundle DIR        run what --write-bundle wrote instead of building

API_TOKEN and ADMIN_TOKEN are also read from the environment. --env-file overrides the environment, --var
overrides both.`;

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

/** Where the Worker comes from: built now, or read from what `--write-bundle` wrote. */
export type BundleSource =
  | { readonly kind: "build"; readonly configPath: string }
  | { readonly kind: "written"; readonly dir: string };

/** What the command line asks for. */
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
 * Parses the command line. Paths are relative to the working directory.
 *
 * @throws {ServeError} If an option is invalid, naming the option, its value and the limit.
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
    throw fault("--config cannot be used with --bundle: a bundle contains its configuration");
  }
  if (written !== undefined) return { kind: "write-bundle", dir: resolve(written), configPath };
  if (values.state === undefined || values.state === "") {
    throw fault("--state DIR is missing: name the directory to keep the buckets in");
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
  throw fault(`--port must be an integer from 0 to ${MAX_PORT}: got ${JSON.stringify(text)}`);
}

function readHost(host = "127.0.0.1"): string {
  if (isIP(host) !== 0 || /^[A-Za-z0-9._-]+$/.test(host)) return host;
  const got = JSON.stringify(host);
  throw fault(`--host must be a name or an address, without port or brackets: got ${got}`);
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
  throw fault(
    "--no-relay cannot be used with --head-timeout, --body-timeout or --idle-timeout: the relay enforces them",
  );
}

function readTime(option: string, text: string | undefined, range: TimeRange): number {
  if (text === undefined) return range.defaultMs;
  const [, digits, unit] = /^(\d+)(ms|s)$/.exec(text) ?? [];
  const timeMs = Number(digits) * (unit === "s" ? 1_000 : 1);
  if (timeMs >= range.minMs && timeMs <= range.maxMs) return timeMs;
  const bounds = `from ${shown(range.minMs)} to ${shown(range.maxMs)}`;
  throw fault(`${option} must be a time ${bounds}, in s or ms: got ${JSON.stringify(text)}`);
}

function shown(timeMs: number): string {
  return `${timeMs / 1_000}s`;
}

function secretsOf(environment: NodeJS.ProcessEnv): Record<string, string> {
  const secrets: Record<string, string> = {};
  for (const name of SECRETS) {
    const value = environment[name];
    // An empty environment variable counts as unset.
    if (value !== undefined && value !== "")
      secrets[name] = checked("The environment", name, value);
  }
  return secrets;
}

function readVars(texts: readonly string[]): Record<string, string> {
  const vars: Record<string, string> = {};
  for (const text of texts) {
    const colon = text.indexOf(":");
    // The message doesn't quote the text: it may be an API key.
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
      throw fault(`--env-file: cannot read ${resolve(path)}: ${detail}`, cause);
    }
    for (const [name, value] of Object.entries(parseEnv(text))) {
      if (value !== undefined) vars[name] = checked(`--env-file ${path}`, name, value);
    }
  }
  return vars;
}

function checked(from: string, name: string, value: string): string {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    const rule = "consist of letters, digits and _, and not start with a digit";
    throw fault(`${from}: the name of a variable must ${rule}: got ${JSON.stringify(name)}`);
  }
  const bytes = Buffer.byteLength(value);
  if (bytes > MAX_VALUE_BYTES) {
    throw fault(`${from}: ${name} must have at most ${MAX_VALUE_BYTES} bytes: got ${bytes}`);
  }
  if (value.includes("\0")) throw fault(`${from}: ${name} contains a zero byte`);
  return value;
}
