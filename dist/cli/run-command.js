/**
 * Runs a command once its tokens are granted, as a shell would: it inherits the streams, receives
 * the signals, and its exit code is passed on.
 */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { Timer } from "../holding/timer.js";
import { exitCodes } from "./exit-code.js";
/** Signals that are forwarded. A terminal sends its own interrupts to the command directly. */
const FORWARDED = ["SIGTERM", "SIGHUP", "SIGINT"];
/** A command that was asked to end and goes on for so long is killed, in milliseconds. */
const KILLED_AFTER_MS = 10_000;
/**
 * Runs `command` and resolves with the exit code: the command's own, 128 plus the number of the
 * signal that ended it, 127 if the command was not found, 126 if it could not be run.
 */
export function runCommand(command, args, { env, signal } = {}) {
    let child;
    try {
        child = spawn(command, args, { stdio: "inherit", env: { ...process.env, ...env } });
    }
    catch (error) {
        // Node throws some faults and emits others as an "error" event.
        return Promise.resolve(explain(command, error));
    }
    return new Promise((resolve) => {
        const forward = (name) => {
            if (name !== "SIGINT" || !process.stdin.isTTY)
                child.kill(name);
        };
        const killing = new Timer();
        const stop = () => {
            child.kill("SIGTERM");
            killing.set(KILLED_AFTER_MS, () => child.kill("SIGKILL"));
        };
        for (const name of FORWARDED)
            process.on(name, forward);
        signal?.addEventListener("abort", stop);
        const settle = (code) => {
            for (const name of FORWARDED)
                process.off(name, forward);
            signal?.removeEventListener("abort", stop);
            killing.clear();
            resolve(code);
        };
        child.once("error", (error) => settle(explain(command, error)));
        child.once("exit", (code, by) => {
            settle(by ? exitCodes.signalled + constants.signals[by] : (code ?? exitCodes.failed));
        });
    });
}
/** Reports why `command` could not be run; returns the exit code. */
function explain(command, error) {
    if (!(error instanceof Error))
        throw error;
    const isMissing = "code" in error && error.code === "ENOENT";
    process.stderr.write(`sluice: ${command}: ${isMissing ? "command not found" : error.message}\n`);
    return isMissing ? exitCodes.notFound : exitCodes.notExecutable;
}
