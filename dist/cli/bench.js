import { createClient } from "../client/client.js";
import { SluiceError } from "../client/sluice-error.js";
import { sleep } from "../client/transport/abort.js";
import { fieldsOfReason } from "../protocol/reasons.js";
import { exitCodes } from "./exit-code.js";
/** Interval of progress updates. */
const PROGRESS_MS = 500;
/**
 * Pause after a failed request, so that an address where nothing listens doesn't cause a busy loop.
 */
const FAILED_PAUSE_MS = 20;
/** The key under which requests without an answer are counted. */
const FAILED = "failed";
const OK = 200;
/**
 * Resolves with the exit code: `unavailable` if nothing was answered.
 *
 * @throws {RangeError | TypeError} If a client would not send this.
 */
export async function bench(command, terminal) {
    const requests = command.transport === "http" ? overHttp(command) : overSession(command);
    try {
        const result = await measure(requests, command, terminal);
        if (command.isJson)
            terminal.print(JSON.stringify(result));
        else
            for (const line of describe(command, result))
                terminal.print(line);
        const hint = requests.hint();
        if (hint !== undefined)
            terminal.note(`sluice: ${hint}`);
        return result.requests > 0 ? exitCodes.ok : exitCodes.unavailable;
    }
    finally {
        requests.close();
    }
}
async function measure(requests, { connections, durationMs }, terminal) {
    const latenciesMs = [];
    const answers = {};
    const startedAtMs = performance.now();
    const elapsedMs = () => performance.now() - startedAtMs;
    const end = AbortSignal.any([terminal.signal, AbortSignal.timeout(durationMs)]);
    const progress = setInterval(() => {
        const { length } = latenciesMs;
        terminal.showProgress(`${(elapsedMs() / 1_000).toFixed(1)} s, ${length} answers`);
    }, PROGRESS_MS);
    const keepAsking = async () => {
        while (!end.aborted) {
            const sentAtMs = performance.now();
            const answer = await requests.ask(end);
            if (end.aborted)
                return;
            answers[answer] = (answers[answer] ?? 0) + 1;
            if (answer === FAILED)
                await sleep(FAILED_PAUSE_MS, undefined);
            else
                latenciesMs.push(performance.now() - sentAtMs);
        }
    };
    try {
        await Promise.all(Array.from({ length: connections }, keepAsking));
    }
    finally {
        clearInterval(progress);
        terminal.clearProgress();
    }
    return resultOf(latenciesMs, answers, elapsedMs());
}
function overHttp(command) {
    const { token } = command;
    const address = addressOf(command);
    const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
    return {
        ask: async (signal) => {
            try {
                const response = await fetch(address, { headers, signal });
                const text = await response.text();
                const reason = response.ok ? undefined : /"reason":"([a-z-]+)"/.exec(text)?.[1];
                return keyOf(response.status, reason);
            }
            catch {
                return FAILED;
            }
        },
        close: () => undefined,
        hint: () => undefined,
    };
}
function overSession({ url, token, bucket, asked }) {
    let needsHttp = false;
    const client = createClient({
        url,
        ...(token !== undefined && { token }),
        transport: "session",
        // Without keys, and what fails counts as failed.
        retryForMs: 0,
        // A client without a session turns to HTTP, which isn't what is measured.
        fetch: async () => {
            needsHttp = true;
            throw new TypeError("There is no session");
        },
    });
    return {
        ask: async (signal) => {
            try {
                const outcome = await client.acquire(bucket, { ...asked, signal });
                if (outcome.ok)
                    return keyOf(OK);
                return keyOf(fieldsOfReason(outcome.reason).status, outcome.reason);
            }
            catch (error) {
                if (signal.aborted)
                    return FAILED;
                if (!(error instanceof SluiceError))
                    throw error;
                return error.status === undefined ? FAILED : keyOf(error.status, error.reason);
            }
        },
        close: () => client.close(),
        hint: () => {
            if (!needsHttp)
                return undefined;
            return "The session could not be opened, or broke off: --transport http may say why";
        },
    };
}
function keyOf(status, reason) {
    return reason === undefined ? String(status) : `${status} ${reason}`;
}
/** The address of an acquire, the same for all of them. */
function addressOf({ url, bucket, asked }) {
    const { limits = {}, ...ofAll } = asked;
    const query = new URLSearchParams({ bucket });
    for (const [name, value] of Object.entries(ofAll))
        query.set(name, String(value));
    for (const [name, count] of Object.entries(limits))
        query.set(`tokens.${name}`, String(count));
    return `${url}/acquire?${query.toString()}`;
}
function resultOf(latenciesMs, answers, elapsedMs) {
    const sorted = latenciesMs.toSorted((a, b) => a - b);
    const seconds = elapsedMs / 1_000;
    const at = (share) => {
        const latency = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
        return Number(latency.toFixed(2));
    };
    return {
        requests: sorted.length,
        seconds: Number(seconds.toFixed(2)),
        requestsPerSecond: Math.round(sorted.length / seconds),
        latencyMs: { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) },
        answers,
    };
}
function describe({ transport, connections, bucket }, result) {
    const { requests, seconds, requestsPerSecond, latencyMs, answers } = result;
    const { p50, p90, p99, max } = latencyMs;
    const at = transport === "http" ? `${connections} connections` : `${connections} callers on one session`;
    const counts = Object.entries(answers).map(([answer, count]) => `${answer}: ${count}`);
    return [
        `${requests} answers in ${seconds} s, ${requestsPerSecond} per second, ${at}, bucket ${bucket}`,
        `latency in ms: p50 ${p50}, p90 ${p90}, p99 ${p99}, max ${max}`,
        `answers: ${counts.join(", ")}`,
    ];
}
