/** Reads the command line: which command, and its options, checked. */
import { parseArgs, type ParseArgsConfig } from "node:util";

import type { AcquireCommand } from "./acquire.ts";
import type { BenchCommand } from "./bench.ts";
import type { OnUnavailable } from "../client/client.ts";

import { baseOf } from "../client/arguments.ts";
import { parseDuration } from "./duration.ts";
import { UsageError } from "./usage-error.ts";

/** The longest wait that a policy can allow. */
const MAX_WAIT_MS = 3_600_000;
/** Where `npm start` listens. */
const DEFAULT_URL = "http://localhost:8787";
/** More would rather measure the sender. */
const MAX_CONNECTIONS = 1_000;
/** Enough to see a deployment warm up and settle. */
const MAX_BENCH_MS = 600_000;

/** How to reach Sluice. */
export interface Place {
  /** Without a slash at the end. */
  readonly url: string;
  /** From `SLUICE_TOKEN`: a command line can be read by everybody on the machine. */
  readonly token: string | undefined;
}

/** What the command line says. */
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
  | { readonly name: "bench"; readonly command: BenchCommand };

type Environment = Readonly<Record<string, string | undefined>>;
type Options = NonNullable<ParseArgsConfig["options"]>;

const url = { type: "string" } as const;
const json = { type: "boolean", default: false } as const;

/**
 * Reads what follows the program's name.
 *
 * @throws {UsageError} Where it is wrong.
 * @throws {TypeError} Where the address is, as the client says it.
 */
export function readArguments(args: readonly string[], env: Environment): Arguments {
  const end = args.indexOf("--");
  const [own, command] = end < 0 ? [args, []] : [args.slice(0, end), args.slice(end + 1)];
  const [name, ...rest] = own;
  if (name === "--version") return { name: "version" };
  if (name === undefined || name === "help" || own.includes("--help") || own.includes("-h")) {
    return { name: "help", isMistake: name === undefined };
  }
  if (end >= 0 && name !== "acquire") {
    throw new UsageError(`${name} runs no command: there is nothing to say after --`);
  }
  switch (name) {
    case "acquire":
      if (end >= 0 && (command[0] ?? "") === "")
        throw new UsageError("There is no command after --");
      return readAcquire(rest, command, env);
    case "inspect": {
      const { values, positionals } = parse(rest, { url });
      return {
        name,
        place: placeOf(values.url, env),
        bucket: only(positionals, "a bucket's name"),
      };
    }
    case "watch": {
      const { values, positionals } = parse(rest, { url, json });
      const bucket = only(positionals, "a bucket's name");
      return { name, place: placeOf(values.url, env), bucket, isJson: values.json };
    }
    case "bench":
      return readBench(rest, env);
    default:
      throw new UsageError(`${name} is not one of acquire, inspect, watch, bench`);
  }
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
    tokens: { type: "string", short: "t" },
    wait: { type: "string", short: "w" },
    key: { type: "string" },
    "on-unavailable": { type: "string", default: "throw" },
  });
  const { tokens, wait, key, "on-unavailable": onUnavailable } = values;
  if (onUnavailable !== "throw" && onUnavailable !== "open" && onUnavailable !== "closed") {
    throw new UsageError(
      `--on-unavailable must be one of throw, open, closed: got ${onUnavailable}`,
    );
  }
  return {
    name: "acquire",
    place: placeOf(values.url, env),
    onUnavailable,
    command: {
      bucket: only(positionals, "a bucket's name"),
      isJson: values.json,
      isQuiet: values.quiet,
      command,
      asked: {
        ...(tokens !== undefined && {
          tokens: integer("--tokens", tokens, 1, Number.MAX_SAFE_INTEGER),
        }),
        ...(wait !== undefined && { timeoutMs: parseDuration("--wait", wait, MAX_WAIT_MS) }),
        ...(key !== undefined && { idempotencyKey: key }),
      },
    },
  };
}

function readBench(args: readonly string[], env: Environment): Arguments {
  const { values, positionals } = parse(args, {
    json,
    bucket: { type: "string", short: "b", default: "bench" },
    connections: { type: "string", short: "c", default: "64" },
    duration: { type: "string", short: "d", default: "10s" },
    wait: { type: "string", short: "w", default: "0" },
  });
  return {
    name: "bench",
    command: {
      ...placeOf(only(positionals, "an address, as in http://localhost:8787"), env),
      bucket: values.bucket,
      connections: integer("--connections", values.connections, 1, MAX_CONNECTIONS),
      durationMs: parseDuration("--duration", values.duration, MAX_BENCH_MS),
      timeoutMs: parseDuration("--wait", values.wait, MAX_WAIT_MS),
      isJson: values.json,
    },
  };
}

// eslint-disable-next-line typescript/explicit-function-return-type -- only the parser can name the type.
function parse<const Known extends Options>(args: readonly string[], options: Known) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    // Its first sentence says what is wrong; the next, how arguments could begin with a dash.
    const message = error instanceof Error ? error.message : String(error);
    throw new UsageError(message.split(". ")[0]);
  }
}

function only(positionals: readonly string[], what: string): string {
  const [first, second] = positionals;
  if (first === undefined) throw new UsageError(`The command line lacks ${what}`);
  if (second === undefined) return first;
  throw new UsageError(`There is ${second} after ${first}, where nothing should be`);
}

function integer(option: string, text: string, min: number, max: number): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new UsageError(`${option} must be an integer from ${min} to ${max}: got ${text}`);
}

function placeOf(given: string | undefined, env: Environment): Place {
  const token = env["SLUICE_TOKEN"];
  return {
    url: baseOf(given ?? env["SLUICE_URL"] ?? DEFAULT_URL),
    token: token === "" ? undefined : token,
  };
}
