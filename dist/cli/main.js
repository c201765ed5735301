#!/usr/bin/env node
/** The program `sluice`: parses the command line, runs the command, and exits with its code. */
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { createClient } from "../client/client.js";
import { SluiceError } from "../client/sluice-error.js";
import { acquire } from "./acquire.js";
import { readArguments } from "./arguments.js";
import { bench } from "./bench.js";
import { exitCodeOfReason, exitCodes } from "./exit-code.js";
import { ls } from "./ls.js";
import { nodeFault } from "./node-version.js";
import { ConfigurationError } from "./policy/configuration.js";
import { processTerminal } from "./terminal.js";
import { UsageError } from "./usage-error.js";
import { usage } from "./usage.js";
import { watch } from "./watch.js";
/** Signals that end a waiting command. */
const INTERRUPTS = ["SIGINT", "SIGTERM", "SIGHUP"];
async function main(args) {
    const fault = nodeFault(process.versions);
    if (fault !== undefined) {
        process.stderr.write(`sluice: ${fault}\n`);
        return exitCodes.configuration;
    }
    const interrupt = new AbortController();
    let interruptedBy;
    const end = (by) => {
        interruptedBy ??= by;
        interrupt.abort();
    };
    for (const name of INTERRUPTS)
        process.on(name, end);
    // Node reports as an error what other programs get as SIGPIPE: nothing reads the results any
    // more.
    process.stdout.on("error", () => end("SIGPIPE"));
    // Nothing reads the notes any more, which is no reason to end.
    process.stderr.on("error", () => undefined);
    const terminal = processTerminal(interrupt.signal);
    try {
        const code = await run(readArguments(args, process.env), terminal);
        // A socket stays open until the other side confirms its close, and the other side may be gone.
        if (interruptedBy)
            process.exit(code);
        return code;
    }
    catch (error) {
        terminal.clearProgress();
        // Exits at once, whatever is still in progress.
        if (interruptedBy)
            process.exit(exitCodes.signalled + constants.signals[interruptedBy]);
        return explain(error, terminal);
    }
}
function run(command, terminal) {
    switch (command.name) {
        case "help":
            if (!command.isMistake)
                terminal.print(usage);
            else
                terminal.note(usage);
            return command.isMistake ? exitCodes.usage : exitCodes.ok;
        case "version":
            terminal.print(version());
            return exitCodes.ok;
        case "acquire": {
            const { place, onUnavailable } = command;
            const client = createClient({ ...connection(place), onUnavailable });
            return acquire(client, command.command, terminal);
        }
        case "inspect":
            return inspect(command.place, command.bucket, terminal);
        case "ls":
            return ls({ options: connection(command.place), ...command.command }, terminal);
        case "watch": {
            const { place, bucket, isJson } = command;
            return watch({ options: connection(place), bucket, isJson }, terminal);
        }
        case "bench":
            return bench(command.command, terminal);
        case "policy check":
        case "policy plan":
        case "policy apply":
        case "policy rollback":
            return runPolicy(command, terminal);
        default:
            return command;
    }
}
async function inspect(place, bucket, terminal) {
    const { signal } = terminal;
    const snapshot = await createClient(connection(place)).inspect(bucket, { signal });
    terminal.print(JSON.stringify(snapshot, null, process.stdout.isTTY ? 2 : 0));
    return exitCodes.ok;
}
async function runPolicy(command, terminal) {
    // Loaded on demand: the other commands don't need to know what a policy may be.
    const { apply, check, plan, rollback } = await import("./policy/index.js");
    switch (command.name) {
        case "policy check":
            return check(command.command, terminal);
        case "policy plan":
            return plan(command.command, command.place, terminal);
        case "policy apply":
            return apply(command.command, command.place, terminal);
        case "policy rollback":
            return rollback(command.bucket, command.place, terminal);
        default:
            return command;
    }
}
function connection({ url, token }) {
    return token === undefined ? { url } : { url, token };
}
function explain(error, terminal) {
    if (error instanceof UsageError) {
        terminal.note(`sluice: ${error.message}\nTry "sluice --help"`);
        return exitCodes.usage;
    }
    if (!(error instanceof Error))
        throw error;
    terminal.note(`sluice: ${error.message}`);
    if (error instanceof ConfigurationError)
        return exitCodes.configuration;
    if (error instanceof SluiceError)
        return exitCodeOfReason(error.reason);
    // Thrown by the client for an illegal argument.
    const isArgument = error instanceof RangeError || error instanceof TypeError;
    return isArgument ? exitCodes.usage : exitCodes.failed;
}
/** The version in this package's manifest. */
function version() {
    const manifest = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
    return String(JSON.parse(manifest).version);
}
process.exitCode = await main(process.argv.slice(2));
