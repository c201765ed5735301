/** Parses and checks the command line: the command and its options. */
import { parseArgs, type ParseArgsConfig } from "node:util";

import type { AcquireCommand } from "./acquire.ts";
import type { BenchCommand } from "./bench.ts";
import type { InitCommand } from "./init.ts";
import type { LsCommand } from "./ls.ts";
import type { CheckCommand } from "./policy/check.ts";
import type { OperatorPlace } from "./policy/operator.ts";
import type { ApplyCommand } from "./policy/override.ts";
import type { PlanCommand } from "./policy/plan.ts";
import type { AcquireOptions, OnUnavailable } from "../client/client.ts";

import { baseOf } from "../client/arguments.ts";
import { busySorts, listRange } from "../protocol/list-params.ts";
import { isPrintable, note as noteText, printableFault } from "../protocol/printable-text.ts";
import { parseDuration } from "./duration.ts";
import { UsageError } from "./usage-error.ts";

/** The longest wait that a policy can allow: an hour. */
const MAX_WAIT_MS = 3_600_000;
/** The largest number of tokens that the client takes; what a bucket can hold is up to the bucket. */
const MAX_TOKENS = Number.MAX_SAFE_INTEGER;
/** Where `npm start` listens. */
const DEFAULT_URL = "http://localhost:8787";
/** With more connections, the result would mostly measure this process. */
const MAX_CONNECTIONS = 1_000;
/** Ten minutes: enough to see a deployment warm up and settle. */
const MAX_BENCH_MS = 600_000;

/** How to reach Sluice. */
export interface Place {
  /** Without a trailing slash. */
  readonly url: string;
  /** From `SLUICE_TOKEN`, because every user of the machine can read a command line. */
  readonly token: string | undefined;
}

/** The parsed command line. */
export type Arguments =
  | { readonly name: "help"; readonly isMistake: boolean }
  | { readonly name: "version" }
  | {
      readonly name: "acquire";
      readonly place: Place;
      readonly onUnavailable: OnUnavailable;
      readonly command: AcquireCommand;
    }
  | { readonly name: "inspect"; readonly place: Place; readonly bucket: string }
  | {
      readonly name: "watch";
      readonly place: Place;
      readonly bucket: string;
      readonly isJson: boolean;
    }
  | {
      readonly name: "ls";
      readonly place: Place;
      readonly command: Omit<LsCommand, "options">;
    }
  | { readonly name: "bench"; readonly command: BenchCommand }
  | { readonly name: "init"; readonly command: InitCommand }
  | { readonly name: "policy check"; readonly command: CheckCommand }
  | {
      readonly name: "policy plan";
      readonly place: OperatorPlace;
      readonly command: PlanCommand;
    }
  | {
      readonly name: "policy apply";
      readonly place: OperatorPlace;
      readonly command: ApplyCommand;
    }
  | { readonly name: "policy rollback"; readonly place: OperatorPlace; readonly bucket: string };

type Environment = Readonly<Record<string, string | undefined>>;
type Options = NonNullable<ParseArgsConfig["options"]>;

const url = { type: "string" } as const;
const json = { type: "boolean", default: false } as const;

/**
 * Parses the arguments after the program's name.
 *
 * @throws {UsageError} If they are wrong.
 * @throws {TypeError} If the address is wrong, as the client reports it.
 */
export function readArguments(args: readonly string[], env: Environment): Arguments {
  const end = args.indexOf("--");
  const [own, command] = end < 0 ? [args, []] : [args.slice(0, end), args.slice(end + 1)];
  const [name, ...rest] = own;
  if (name === "--version") return { name: "version" };
  if (name === undefined || name === "help" || own.includes("--help") || own.includes("-h")) {
    return { name: "help", isMistake: name === undefined };
  }
  if (end >= 0 && name !== "acquire" && name !== "run") {
    throw new UsageError(`${name} does not run a command: remove what follows --`);
  }
  switch (name) {
    case "acquire":
      if (end >= 0) checkCommand(command);
      return readAcquire(rest, command, env);
    case "run":
      checkCommand(command);
      return readAcquire(rest, command, env);
    case "inspect": {
      const { values, positionals } = parse(rest, { url });
      return {
        name,
        place: placeOf(values.url, env),
        bucket: only(positionals, "bucket name"),
      };
    }
    case "watch": {
      const { values, positionals } = parse(rest, { url, json });
      const bucket = only(positionals, "bucket name");
      return { name, place: placeOf(values.url, env), bucket, isJson: values.json };
    }
    case "ls":
      return readLs(rest, env);
    case "bench":
      return readBench(rest, env);
    case "init": {
      const { values, positionals } = parse(rest, {
        name: { type: "string" },
        toml: { type: "boolean", default: false },
        hono: { type: "boolean", default: false },
      });
      const { name: workerName, toml: isToml, hono: isHono } = values;
      const dir = atMostOne(positionals, "folder") ?? ".";
      return { name, command: { dir, name: workerName, isToml, isHono } };
    }
    case "policy":
      return readPolicy(rest, env);
    default:
      throw new UsageError(
        `Unknown command ${name}: use acquire, run, inspect, ls, watch, bench, policy or init`,
      );
  }
}

function checkCommand([command = ""]: readonly string[]): void {
  if (command === "") throw new UsageError("Missing command after --, as in -- echo hello");
}

function readAcquire(
  args: readonly string[],
  command: readonly string[],
  env: Environment,
): Arguments {
  const { values, positionals } = parse(args, {
    url,
    json,
    quiet: { type: "boolean", short: "q", default: false },
    tokens: { type: "string", short: "t", multiple: true },
    wait: { type: "string", short: "w" },
    hold: { type: "string" },
    concurrency: { type: "boolean", default: false },
    key: { type: "string" },
    label: { type: "string" },
    "on-unavailable": { type: "string", default: "throw" },
  });
  const { tokens = [], wait, hold, key, label, "on-unavailable": onUnavailable } = values;
  return {
    name: "acquire",
    place: placeOf(values.url, env),
    onUnavailable: oneOf("--on-unavailable", onUnavailable, ["throw", "open", "closed"]),
    command: {
      bucket: only(positionals, "bucket name"),
      isJson: values.json,
      isQuiet: values.quiet,
      command,
      needsPermit: values.concurrency,
      asked: {
        ...readTokens(tokens),
        ...(wait !== undefined && { timeoutMs: parseDuration("--wait", wait, MAX_WAIT_MS) }),
        ...(hold !== undefined && { holdMs: parseDuration("--hold", hold, MAX_WAIT_MS) }),
        ...(key !== undefined && { idempotencyKey: key }),
        ...(label !== undefined && { label }),
      },
    },
  };
}

/** Reads each `--tokens N` and `--tokens LIMIT=N`. Whether a limit can have that name is checked elsewhere. */
function readTokens(given: readonly string[]): Pick<AcquireOptions, "tokens" | "limits"> {
  const ofAll = given.filter((text) => !text.includes("="));
  const ofOne = given.filter((text) => text.includes("="));
  if (ofAll.length > 1) {
    throw new UsageError(`--tokens is given ${ofAll.length} times: write LIMIT=N for one limit`);
  }
  const limits = new Map<string, number>();
  for (const text of ofOne) {
    const [name = "", count = ""] = text.split(/=(.*)/s);
    if (limits.has(name)) throw new UsageError(`--tokens ${name}=N is given twice`);
    limits.set(name, integer(`--tokens ${name}=N`, count, 0, MAX_TOKENS));
  }
  const [text] = ofAll;
  const min = [...limits.values()].some((count) => count > 0) ? 0 : 1;
  if (text === "0" && min > 0) {
    throw new UsageError(
      "--tokens must be at least 1, unless --tokens LIMIT=N asks for at least 1 of a limit: got 0",
    );
  }
  return {
    ...(text !== undefined && { tokens: integer("--tokens", text, min, MAX_TOKENS) }),
    ...(limits.size > 0 && { limits: Object.fromEntries(limits) }),
  };
}

function readLs(args: readonly string[], env: Environment): Arguments {
  const { values, positionals } = parse(args, {
    url,
    json,
    prefix: { type: "string" },
    sort: { type: "string" },
    limit: { type: "string" },
    watch: { type: "boolean", default: false },
  });
  const [unexpected] = positionals;
  if (unexpected !== undefined) {
    throw new UsageError(`Unexpected argument ${unexpected}: did you mean --prefix ${unexpected}`);
  }
  const { prefix, sort, limit } = values;
  return {
    name: "ls",
    place: placeOf(values.url, env),
    command: {
      isJson: values.json,
      isWatched: values.watch,
      asked: {
        ...(prefix !== undefined && { prefix }),
        ...(sort !== undefined && { sort: oneOf("--sort", sort, busySorts) }),
        ...(limit !== undefined && {
          limit: integer("--limit", limit, listRange.min, listRange.max),
        }),
      },
    },
  };
}

function readBench(args: readonly string[], env: Environment): Arguments {
  const { values, positionals } = parse(args, {
    json,
    bucket: { type: "string", short: "b", default: "bench" },
    tokens: { type: "string", short: "t", multiple: true },
    transport: { type: "string", default: "http" },
    connections: { type: "string", short: "c", default: "64" },
    duration: { type: "string", short: "d", default: "10s" },
    wait: { type: "string", short: "w", default: "0" },
  });
  return {
    name: "bench",
    command: {
      ...placeOf(only(positionals, "address, such as http://localhost:8787"), env),
      bucket: values.bucket,
      transport: oneOf("--transport", values.transport, ["http", "session"]),
      connections: integer("--connections", values.connections, 1, MAX_CONNECTIONS),
      durationMs: parseDuration("--duration", values.duration, MAX_BENCH_MS),
      asked: {
        ...readTokens(values.tokens ?? []),
        timeoutMs: parseDuration("--wait", values.wait, MAX_WAIT_MS),
      },
      isJson: values.json,
    },
  };
}

function readPolicy([verb = "nothing", ...args]: readonly string[], env: Environment): Arguments {
  const ofFile = { env: { type: "string" } } as const;
  switch (verb) {
    case "check": {
      const { values, positionals } = parse(args, ofFile);
      return {
        name: "policy check",
        command: { file: atMostOne(positionals, "file"), env: values.env },
      };
    }
    case "plan": {
      const { values, positionals } = parse(args, { ...ofFile, url, json });
      const file = atMostOne(positionals, "file");
      return {
        name: "policy plan",
        place: operatorPlaceOf(values.url, env),
        command: { file, env: values.env, isJson: values.json },
      };
    }
    case "apply": {
      const { values, positionals } = parse(args, { ...ofFile, url, note: { type: "string" } });
      const [file, ...buckets] = positionals;
      if (file === undefined) throw new UsageError("Missing file, and bucket names after it");
      if (buckets.length === 0) throw new UsageError(`Missing bucket names after ${file}`);
      return {
        name: "policy apply",
        place: operatorPlaceOf(values.url, env),
        command: { file, buckets, env: values.env, note: noteIn(values.note) },
      };
    }
    case "rollback": {
      const { values, positionals } = parse(args, { url });
      const bucket = only(positionals, "bucket name");
      return { name: "policy rollback", place: operatorPlaceOf(values.url, env), bucket };
    }
    default:
      throw new UsageError(
        `policy must be followed by check, plan, apply or rollback: got ${verb}`,
      );
  }
}

/** Required: people who look at an override later have nothing else to go by. */
function noteIn(text: string | undefined): string {
  if (text === undefined || text.trim() === "") {
    throw new UsageError('Missing --note TEXT, which says why, such as --note "launch day"');
  }
  if (isPrintable(text, noteText)) return text;
  throw new UsageError(printableFault("--note", text, noteText).message);
}

// eslint-disable-next-line typescript/explicit-function-return-type -- only the parser can name the type.
function parse<const Known extends Options>(args: readonly string[], options: Known) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    // Its first sentence says what is wrong; the others explain arguments that begin with a dash.
    const message = error instanceof Error ? error.message : String(error);
    throw new UsageError(message.split(". ")[0]);
  }
}

function atMostOne(positionals: readonly string[], what: string): string | undefined {
  return positionals.length > 0 ? only(positionals, what) : undefined;
}

function only(positionals: readonly string[], what: string): string {
  const [first, second] = positionals;
  if (first === undefined) throw new UsageError(`Missing ${what}`);
  if (second === undefined) return first;
  throw new UsageError(`Unexpected argument ${second} after ${first}`);
}

function integer(option: string, text: string, min: number, max: number): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new UsageError(`${option} must be an integer from ${min} to ${max}: got ${text}`);
}

function oneOf<const Value extends string>(
  option: string,
  text: string,
  values: readonly Value[],
): Value {
  const value = values.find((each) => each === text);
  if (value !== undefined) return value;
  throw new UsageError(`${option} must be one of ${values.join(", ")}: got ${text}`);
}

function placeOf(given: string | undefined, env: Environment): Place {
  const token = env["SLUICE_TOKEN"];
  return {
    url: baseOf(given ?? env["SLUICE_URL"] ?? DEFAULT_URL),
    token: token === "" ? undefined : token,
  };
}

function operatorPlaceOf(given: string | undefined, env: Environment): OperatorPlace {
  const place = placeOf(given, env);
  const adminToken = env["SLUICE_ADMIN_TOKEN"];
  return { ...place, adminToken: adminToken === "" ? place.token : (adminToken ?? place.token) };
}
