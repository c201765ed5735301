/** Callers whose process does not run for longer than a server may be silent: it was not the server's silence. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { acquire } from "../../kit/http/callers.ts";
import { startWorkerd, type WorkerdServer } from "../../kit/processes/server.ts";
import { projectDir } from "../../serve/worker-bundle.ts";

/** Longer than the silence that a client takes for an end. */
const STOP_MS = 11_500;
const program = join(projectDir, "kit/client/stopped-caller.ts");

let server: WorkerdServer;
beforeAll(async () => {
  const policy = { capacity: 1, refillTokens: 1, refillIntervalMs: STOP_MS + 3_000 };
  server = await startWorkerd({ policies: { "*": policy } });
});
afterAll(() => server?.stop());

/** Waits as the second of a bucket; `queued` resolves when it does, `ended` with its last line. */
async function startCaller(bucket: string, busyMs = 0) {
  await acquire(server, bucket);
  const child = spawn(process.execPath, [program, server.url, bucket, String(busyMs)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  const queued = once(child.stdout, "data");
  const ended = once(child, "close").then(
    () => JSON.parse(output.replace("queued", "")) as unknown,
  );
  return { child, queued, ended };
}

describe.concurrent("a caller in the queue", () => {
  it("that is stopped and goes on (SIGSTOP, SIGCONT) asks once and is granted", async () => {
    const { child, queued, ended } = await startCaller("stopped");
    await queued;
    child.kill("SIGSTOP");
    await setTimeout(STOP_MS);
    child.kill("SIGCONT");
    expect(await ended).toEqual({ ok: true, attempts: 1 });
  });

  it("whose loop is busy asks once and is granted", async () => {
    const { ended } = await startCaller("busy", STOP_MS);
    expect(await ended).toEqual({ ok: true, attempts: 1 });
  });
});
