import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

import { projectDir } from "../../serve/worker-bundle.ts";
import { startWorkerd, type WorkerdOptions } from "../../kit/processes/server.ts";

const ONE_A_SECOND = { capacity: 1, refillTokens: 1, refillIntervalMs: 1_000 };

interface Ended {
  readonly exitCode: number;
  readonly lines: readonly string[];
  readonly errors: string;
}

function run(command: string, args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(command, args, { cwd: projectDir }, (error, stdout, stderr) => {
      const exitCode = error ? Number(error.code) : 0;
      resolve({ exitCode, lines: stdout.trimEnd().split("\n"), errors: stderr.trimEnd() });
    });
  });
}

function demo(...args: string[]): Promise<Ended> {
  return run(process.execPath, [join(projectDir, "examples/ten-callers.ts"), ...args]);
}

async function demoAgainst(options: WorkerdOptions, ...args: string[]): Promise<Ended> {
  await using server = await startWorkerd(options);
  return await demo("--url", server.url, ...args);
}

/** The lines of a run in which everything is as it has to be. */
function expectGrants({ exitCode, lines, errors }: Ended, callers: number): void {
  expect({ exitCode, errors }).toEqual({ exitCode: 0, errors: "" });
  expect(lines).toHaveLength(callers + 1);
  for (let k = 0; k < callers; k += 1) {
    const line = /^Granting (Thread_\d+) token at (\S+) \(\+(\d+\.\d{3}) s\)$/.exec(lines[k] ?? "");
    expect(line?.[1]).toBe(`Thread_${k + 1}`);
    expect(new Date(line?.[2] ?? "").toISOString()).toBe(line?.[2]);
    expect(Number(line?.[3])).toBeGreaterThanOrEqual(k);
  }
  expect(lines.at(-1)).toMatch(
    new RegExp(
      `^Largest distance from the grid: \\d+ ms \\(${callers} grants, 1 s apart, in order of arrival\\)$`,
    ),
  );
}

describe.concurrent("npm run demo", () => {
  it("grants its callers in this process a second apart", async () => {
    expectGrants(await run("npm", ["run", "--silent", "demo", "--", "--callers", "3"]), 3);
  });

  it("--url grants its callers over HTTP a second apart", async () => {
    expectGrants(await demoAgainst({}, "--callers", "3"), 3);
  });

  it("--help says how it is called", async () => {
    const { exitCode, lines } = await demo("--help");
    expect(exitCode).toBe(0);
    expect(lines[0]).toBe("Usage: npm run demo -- [--callers N] [--url URL]");
  });

  it.for([
    [["--callers", "0"], "--callers must be 1 to 61"],
    [["--callers", "62"], "--callers must be 1 to 61"],
    [["--callers", "ten"], "got ten"],
    [["--url", "localhost:8787"], "--url must start with http:// or https://: got localhost:8787"],
    [["--speed", "2"], "Unknown option '--speed'"],
  ] as const)("%j is told to be wrong, with exit code 1", async ([args, message]) => {
    const { exitCode, errors, lines } = await demo(...args);
    expect(exitCode).toBe(1);
    expect(errors).toContain(message);
    expect(lines).toEqual([""]);
  });

  it("--url tells that nobody answers there", async () => {
    const url = await addressOfNobody();
    expect(await demo("--url", url)).toEqual({
      exitCode: 1,
      lines: [""],
      errors: `Cannot reach ${url}: ECONNREFUSED`,
    });
  });

  it.for([
    ["401", { vars: { API_TOKEN: "secret" } }, /answered 401 to .*: Missing API key/],
    ["404", { policies: { other: ONE_A_SECOND } }, /answered 404 to .*: No policy matches "demo-/],
    [
      "429",
      { policies: { "*": { ...ONE_A_SECOND, maxWaitMs: 500 } } },
      /answered 429 to \/acquire: Cannot acquire .* within 500 ms/,
    ],
    [
      "another policy",
      { policies: { "*": { ...ONE_A_SECOND, capacity: 5, refillTokens: 2 } } },
      /server's "\*": capacity 1, 1 token every 1000 ms: got capacity 5, 2 tokens every 1000 ms$/,
    ],
  ] as const)("--url tells of %s, with exit code 1", async ([, options, message]) => {
    const { exitCode, errors } = await demoAgainst(options, "--callers", "2");
    expect(errors).toMatch(message);
    expect(exitCode).toBe(1);
  });

  it("--url tells of a grant that came early, with exit code 1", async () => {
    const { exitCode, errors, lines } = await demoAgainstGrants([0, 1_000, 1_998]);
    expect(errors).toBe("Thread_3 was granted 2 ms too early");
    expect(lines.at(-1)).toBe(
      "Largest distance from the grid: -2 ms (3 grants, 1 s apart, in order of arrival)",
    );
    expect(exitCode).toBe(1);
  });

  it("--url tells of callers granted out of turn, with exit code 1", async () => {
    const { exitCode, errors, lines } = await demoAgainstGrants([0, 2_004, 1_003]);
    expect(errors).toBe("Not granted in order of arrival: Thread_1, Thread_3, Thread_2");
    expect(lines.at(-1)).toBe(
      "Largest distance from the grid: 4 ms (3 grants, 1 s apart, not in order of arrival)",
    );
    expect(exitCode).toBe(1);
  });
});

/** The demo against a server that says it has granted the k-th caller at `offsets[k]`, all at once. */
async function demoAgainstGrants(offsets: readonly number[]): Promise<Ended> {
  let answered = 0;
  const server = createServer(({ url }, response) => {
    const isAcquire = url?.startsWith("/acquire");
    const grant = (): object => ({ grantedAtMs: Date.UTC(2026, 0) + (offsets[answered++] ?? 0) });
    const snapshot = (): object => {
      return { policy: ONE_A_SECOND, granted: answered, refused: 0, cancelled: 0, waiters: 0 };
    };
    response.end(JSON.stringify(isAcquire ? grant() : snapshot()));
  });
  try {
    const url = await listen(server);
    return await demo("--url", url, "--callers", String(offsets.length));
  } finally {
    server.close();
  }
}

async function addressOfNobody(): Promise<string> {
  const server = createServer();
  const url = await listen(server);
  server.close();
  return url;
}

async function listen(server: Server): Promise<string> {
  await once(server.listen(0, "127.0.0.1"), "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
