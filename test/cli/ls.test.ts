/** `sluice ls` over a `fetch` of the test's own. Against a Sluice it is in main.system.test.ts. */
import { afterEach, describe, expect, it, vi } from "vitest";

import type { BusyBuckets } from "../../src/protocol/busy-bucket.ts";

import { ls, type LsCommand } from "../../src/cli/ls.ts";
import { fakeTerminal } from "../../kit/cli/fake-terminal.ts";

const LIST: BusyBuckets = {
  buckets: [
    {
      bucket: "export",
      policyName: "*",
      isOverridden: false,
      tokens: 0,
      capacity: 1,
      waiters: 3,
      grantedPerS: 1,
      refusedPerS: 0,
      waitP95Ms: 0,
      atMs: Date.now(),
    },
  ],
  omitted: 2,
};
const NOTHING: BusyBuckets = { buckets: [], omitted: 0 };

/** Asked with these answers, one after the other. */
function commandWith(
  answers: readonly (() => Response)[],
  changes: Partial<LsCommand> = {},
): LsCommand & { readonly urls: string[] } {
  const urls: string[] = [];
  let index = 0;
  const answer = (url: unknown): Promise<Response> => {
    urls.push(String(url));
    const next = answers[Math.min(index, answers.length - 1)];
    index += 1;
    return new Promise((resolve, reject) => {
      try {
        resolve(next!());
      } catch (error) {
        reject(error);
      }
    });
  };
  const options = { url: "http://sluice.test", fetch: answer };
  return { options, asked: {}, isWatched: false, isJson: false, ...changes, urls };
}

const lists =
  (list: BusyBuckets): (() => Response) =>
  () =>
    Response.json(list);

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe("ls", () => {
  it("prints a table, and asks for what it was told to", async () => {
    const terminal = fakeTerminal();
    const asked = { prefix: "login:", sort: "granted", limit: 5 } as const;
    const command = commandWith([lists(LIST)], { asked });
    expect(await ls(command, terminal)).toBe(0);
    expect(command.urls).toEqual([
      "http://sluice.test/buckets?prefix=login%3A&sort=granted&limit=5",
    ]);
    expect(terminal.printed[0]).toMatch(/^BUCKET /);
    expect(terminal.printed[1]).toMatch(/^export /);
    expect(terminal.printed[2]).toMatch(/^2 more/);
    expect(terminal.noted).toEqual([]);
  });

  it("prints the answer itself with --json, empty or not", async () => {
    for (const list of [LIST, NOTHING]) {
      const terminal = fakeTerminal();
      expect(await ls(commandWith([lists(list)], { isJson: true }), terminal)).toBe(0);
      expect(terminal.printed.map((line) => JSON.parse(line))).toEqual([list]);
    }
  });

  it("says what to do if there is nothing to list, and prints nothing", async () => {
    const terminal = fakeTerminal();
    expect(await ls(commandWith([lists(NOTHING)]), terminal)).toBe(0);
    expect(terminal.printed).toEqual([]);
    expect(terminal.noted).toEqual([
      "No bucket has been busy in the last minutes.",
      expect.stringContaining("A bucket is listed within 10 s of"),
      "To see one: sluice bench http://sluice.test --bucket demo",
    ]);
    const scoped = fakeTerminal();
    const command = commandWith([lists(NOTHING)], { asked: { prefix: "login:" } });
    await ls({ ...command, options: { ...command.options, token: "t" } }, scoped);
    expect(scoped.noted).toEqual([
      "No bucket whose name begins with login: has been busy in the last minutes.",
      expect.stringContaining("A bucket is listed"),
      expect.stringContaining("SLUICE_TOKEN"),
      expect.stringContaining("--bucket login:demo"),
    ]);
  });

  it("rejects if it is refused, and if what answers is no Sluice", async () => {
    const problem = { status: 401, reason: "unauthorized", detail: "Unknown API key" };
    const refused = commandWith([() => Response.json(problem, { status: 401 })]);
    await expect(ls(refused, fakeTerminal())).rejects.toThrow("unauthorized: Unknown API key");
    for (const body of [{}, [], null, { buckets: 1, omitted: 0 }]) {
      const other = commandWith([() => Response.json(body)]);
      await expect(ls(other, fakeTerminal())).rejects.toThrow("unexpected-answer");
    }
  });
});

describe("ls --watch", () => {
  it("writes each list as a line where it is no terminal, notes each loss once, and ends with 0", async () => {
    vi.useFakeTimers();
    const interrupt = new AbortController();
    const terminal = fakeTerminal(interrupt.signal);
    const broken = (): Response => {
      throw new TypeError("fetch failed");
    };
    const answers = [lists(LIST), broken, broken, lists(NOTHING), broken, lists(LIST)];
    const command = commandWith(answers, { isWatched: true });
    const watching = ls(command, terminal);
    await vi.advanceTimersByTimeAsync(10_000);
    interrupt.abort();
    expect(await watching).toBe(0);
    expect(terminal.printed.map((line) => JSON.parse(line))).toEqual([LIST, NOTHING, LIST]);
    expect(terminal.noted).toEqual([
      "sluice: connection lost, reconnecting",
      "sluice: connection lost, reconnecting",
    ]);
  });

  it("rejects if it is refused", async () => {
    const problem = { status: 401, reason: "unauthorized", detail: "Unknown API key" };
    const refused = commandWith([lists(LIST), () => Response.json(problem, { status: 401 })], {
      isWatched: true,
    });
    vi.useFakeTimers();
    const failed = ls(refused, fakeTerminal()).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(await failed).toMatchObject({ reason: "unauthorized" });
  });
});
