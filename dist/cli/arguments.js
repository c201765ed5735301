/** Parses and checks the command line: the command and its options. */
import { parseArgs } from "node:util";
import { baseOf } from "../client/arguments.js";
import { busySorts, listRange } from "../protocol/list-params.js";
import { isPrintable, note as noteText, printableFault } from "../protocol/printable-text.js";
import { parseDuration } from "./duration.js";
import { UsageError } from "./usage-error.js";
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
const url = { type: "string" };
const json = { type: "boolean", default: false };
/**
 * Parses the arguments after the program's name.
 *
 * @throws {UsageError} If they are wrong.
 * @throws {TypeError} If the address is wrong, as the client reports it.
 */
export function readArguments(args, env) {
    const end = args.indexOf("--");
    const [own, command] = end < 0 ? [args, []] : [args.slice(0, end), args.slice(end + 1)];
    const [name, ...rest] = own;
    if (name === "--version")
        return { name: "version" };
    if (name === undefined || name === "help" || own.includes("--help") || own.includes("-h")) {
        return { name: "help", isMistake: name === undefined };
    }
    if (end >= 0 && name !== "acquire" && name !== "run") {
        throw new UsageError(`${name} does not run a command: remove what follows --`);
    }
    switch (name) {
        case "acquire":
            if (end >= 0)
                checkCommand(command);
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
        case "policy":
            return readPolicy(rest, env);
        default:
            throw new UsageError(`Unknown command ${name}: use acquire, run, inspect, ls, watch, bench or policy`);
    }
}
function checkCommand([command = ""]) {
    if (command === "")
        throw new UsageError("Missing command after --, as in -- echo hello");
}
function readAcquire(args, command, env) {
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
function readTokens(given) {
    const ofAll = given.filter((text) => !text.includes("="));
    const ofOne = given.filter((text) => text.includes("="));
    if (ofAll.length > 1) {
        throw new UsageError(`--tokens is given ${ofAll.length} times: write LIMIT=N for one limit`);
    }
    const limits = new Map();
    for (const text of ofOne) {
        const [name = "", count = ""] = text.split(/=(.*)/s);
        if (limits.has(name))
            throw new UsageError(`--tokens ${name}=N is given twice`);
        limits.set(name, integer(`--tokens ${name}=N`, count, 0, MAX_TOKENS));
    }
    const [text] = ofAll;
    const min = [...limits.values()].some((count) => count > 0) ? 0 : 1;
    if (text === "0" && min > 0) {
        throw new UsageError("--tokens must be at least 1, unless --tokens LIMIT=N asks for at least 1 of a limit: got 0");
    }
    return {
        ...(text !== undefined && { tokens: integer("--tokens", text, min, MAX_TOKENS) }),
        ...(limits.size > 0 && { limits: Object.fromEntries(limits) }),
    };
}
function readLs(args, env) {
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
function readBench(args, env) {
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
function readPolicy([verb = "nothing", ...args], env) {
    const ofFile = { env: { type: "string" } };
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
            if (file === undefined)
                throw new UsageError("Missing file, and bucket names after it");
            if (buckets.length === 0)
                throw new UsageError(`Missing bucket names after ${file}`);
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
            throw new UsageError(`policy must be followed by check, plan, apply or rollback: got ${verb}`);
    }
}
/** Required: people who look at an override later have nothing else to go by. */
function noteIn(text) {
    if (text === undefined || text.trim() === "") {
        throw new UsageError('Missing --note TEXT, which says why, such as --note "launch day"');
    }
    if (isPrintable(text, noteText))
        return text;
    throw new UsageError(printableFault("--note", text, noteText).message);
}
// eslint-disable-next-line typescript/explicit-function-return-type -- only the parser can name the type.
function parse(args, options) {
    try {
        return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
    }
    catch (error) {
        // Its first sentence says what is wrong; the others explain arguments that begin with a dash.
        const message = error instanceof Error ? error.message : String(error);
        throw new UsageError(message.split(". ")[0]);
    }
}
function atMostOne(positionals, what) {
    return positionals.length > 0 ? only(positionals, what) : undefined;
}
function only(positionals, what) {
    const [first, second] = positionals;
    if (first === undefined)
        throw new UsageError(`Missing ${what}`);
    if (second === undefined)
        return first;
    throw new UsageError(`Unexpected argument ${second} after ${first}`);
}
function integer(option, text, min, max) {
    const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max)
        return value;
    throw new UsageError(`${option} must be an integer from ${min} to ${max}: got ${text}`);
}
function oneOf(option, text, values) {
    const value = values.find((each) => each === text);
    if (value !== undefined)
        return value;
    throw new UsageError(`${option} must be one of ${values.join(", ")}: got ${text}`);
}
function placeOf(given, env) {
    const token = env["SLUICE_TOKEN"];
    return {
        url: baseOf(given ?? env["SLUICE_URL"] ?? DEFAULT_URL),
        token: token === "" ? undefined : token,
    };
}
function operatorPlaceOf(given, env) {
    const place = placeOf(given, env);
    const adminToken = env["SLUICE_ADMIN_TOKEN"];
    return { ...place, adminToken: adminToken === "" ? place.token : (adminToken ?? place.token) };
}
