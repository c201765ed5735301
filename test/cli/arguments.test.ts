import { describe, expect, it } from "vitest";

import { readArguments } from "../../src/cli/arguments.ts";

function read(line: string, env: Readonly<Record<string, string>> = {}) {
  return readArguments(line.split(" ").filter(Boolean), env);
}

describe("readArguments", () => {
  it("reads an acquire with a command, whose own options are left alone", () => {
    expect(read("acquire x --tokens 2 --wait 5s -- curl --json {} -q")).toMatchObject({
      name: "acquire",
      place: { url: "http://localhost:8787", token: undefined },
      onUnavailable: "throw",
      command: {
        bucket: "x",
        asked: { tokens: 2, timeoutMs: 5_000 },
        isJson: false,
        isQuiet: false,
        command: ["curl", "--json", "{}", "-q"],
      },
    });
  });

  it("reads a run as an acquire that needs a command", () => {
    expect(read("run x --concurrency --hold 90s -w 1s -- make all")).toMatchObject({
      name: "acquire",
      command: {
        bucket: "x",
        asked: { timeoutMs: 1_000, holdMs: 90_000 },
        needsPermit: true,
        command: ["make", "all"],
      },
    });
    expect(read("acquire x --label nightly")).toMatchObject({
      command: { asked: { label: "nightly" } },
    });
    expect(read("run x -- make")).toMatchObject({ command: { asked: {}, needsPermit: false } });
  });

  it("asks for nothing that is not said", () => {
    expect(read("acquire x")).toMatchObject({ command: { asked: {}, command: [] } });
  });

  it("reads tokens of single limits beside those of all", () => {
    expect(read("acquire x --tokens tpm=1200 -t 3 -t rate=0 --tokens=day=1")).toMatchObject({
      command: { asked: { tokens: 3, limits: { tpm: 1_200, rate: 0, day: 1 } } },
    });
    expect(read("acquire x -t 0 -t tpm=1")).toMatchObject({
      command: { asked: { tokens: 0, limits: { tpm: 1 } } },
    });
    // The client says that no limit can have this name, so it has to hear of it.
    expect(JSON.stringify(read("acquire x -t __proto__=5"))).toContain('"limits":{"__proto__":5}');
  });

  it("takes the address from --url before SLUICE_URL, and the token from SLUICE_TOKEN", () => {
    const env = { SLUICE_URL: "https://a.example/", SLUICE_TOKEN: "secret" };
    expect(read("inspect x", env)).toMatchObject({
      place: { url: "https://a.example", token: "secret" },
    });
    expect(read("watch x --url https://b.example/s/", env)).toMatchObject({
      place: { url: "https://b.example/s" },
    });
  });

  it("reads ls, and asks for nothing that is not said", () => {
    expect(read("ls")).toEqual({
      name: "ls",
      place: { url: "http://localhost:8787", token: undefined },
      command: { isJson: false, isWatched: false, asked: {} },
    });
    expect(read("ls --prefix login: --sort name --limit 1000 --watch --json")).toMatchObject({
      command: {
        isJson: true,
        isWatched: true,
        asked: { prefix: "login:", sort: "name", limit: 1_000 },
      },
    });
  });

  it("reads bench with what it has by default", () => {
    expect(read("bench http://localhost:1234")).toMatchObject({
      command: {
        url: "http://localhost:1234",
        bucket: "bench",
        transport: "http",
        connections: 64,
        durationMs: 10_000,
        asked: { timeoutMs: 0 },
      },
    });
  });

  it("reads how a bench sends its requests", () => {
    expect(read("bench http://x --transport session")).toMatchObject({
      command: { transport: "session", connections: 64 },
    });
  });

  it("reads the tokens of a bench as those of an acquire", () => {
    expect(read("bench http://x -t 2 --tokens tpm=800 -w 1s")).toMatchObject({
      command: { asked: { tokens: 2, limits: { tpm: 800 }, timeoutMs: 1_000 } },
    });
  });

  it("reads a check of policies", () => {
    expect(read("policy check a.toml --env live")).toEqual({
      name: "policy check",
      command: { file: "a.toml", env: "live" },
    });
    expect(read("policy check")).toMatchObject({ command: { file: undefined, env: undefined } });
  });

  it("reads what is done with policies of a file, by an admin", () => {
    const env = { SLUICE_URL: "https://a.example", SLUICE_TOKEN: "reads" };
    const place = { url: "https://a.example", token: "reads", adminToken: "reads" };
    expect(read("policy plan --json", env)).toEqual({
      name: "policy plan",
      place,
      command: { file: undefined, env: undefined, isJson: true },
    });
    const admin = { ...env, SLUICE_ADMIN_TOKEN: "changes" };
    expect(read("policy apply a.toml x y --note why --env live", admin)).toEqual({
      name: "policy apply",
      place: { ...place, adminToken: "changes" },
      command: { file: "a.toml", buckets: ["x", "y"], env: "live", note: "why" },
    });
    expect(read("policy rollback x", { ...env, SLUICE_ADMIN_TOKEN: "" })).toEqual({
      name: "policy rollback",
      place,
      bucket: "x",
    });
  });

  it.each([
    ["acquire", "Missing bucket name"],
    ["policy", "policy must be followed by check, plan, apply or rollback: got nothing"],
    ["policy chek", "policy must be followed by check, plan, apply or rollback: got chek"],
    ["policy check a b", "Unexpected argument b after a"],
    ["policy check --json", "--json"],
    ["policy apply --note x", "Missing file, and bucket names after it"],
    ["policy apply a.toml --note x", "Missing bucket names after a.toml"],
    ["policy apply a.toml x", 'Missing --note TEXT, which says why, such as --note "launch day"'],
    ["policy apply a.toml x --note=", "Missing --note TEXT"],
    [`policy apply a.toml x --note ${"n".repeat(201)}`, "--note must be at most 200 printable"],
    ["policy rollback", "Missing bucket name"],
    ["acquire x y", "Unexpected argument y after x"],
    ["acquire x --", "Missing command after --"],
    ["acquire x -- ", "Missing command after --"],
    ["run x echo", "Missing command after --, as in -- echo hello"],
    ["run x --", "Missing command after --"],
    ["run x --hold 2h -- y", "--hold must be a duration of at most 1 h"],
    [
      "acquire x --tokens 0",
      "--tokens must be at least 1, unless --tokens LIMIT=N asks for at least 1 of a limit: got 0",
    ],
    ["acquire x --tokens 00", "--tokens must be an integer from 1 to 9007199254740991: got 00"],
    ["acquire x --tokens 1e3", "got 1e3"],
    ["acquire x -t 1 -t 2", "--tokens is given 2 times: write LIMIT=N for one limit"],
    ["acquire x -t 0 -t tpm=0", "--tokens must be at least 1, unless --tokens LIMIT=N asks for"],
    ["ls login:", "Unexpected argument login:: did you mean --prefix login:"],
    ["ls --limit 1001", "--limit must be an integer from 1 to 1000: got 1001"],
    ["ls --sort waits", "--sort must be one of waiters, granted, refused, name: got waits"],
    ["bench http://x -t 0", "--tokens must be at least 1, unless --tokens LIMIT=N asks for"],
    ["bench http://x -t 1 -t 2", "--tokens is given 2 times: write LIMIT=N for one limit"],
    ["acquire x -t tpm=x", "--tokens tpm=N must be an integer from 0 to 9007199254740991: got x"],
    ["acquire x -t tpm=1=2", "got 1=2"],
    ["acquire x -t tpm=", "--tokens tpm=N must be an integer from 0"],
    ["acquire x -t tpm=1 -t tpm=2", "--tokens tpm=N is given twice"],
    [
      "acquire x --wait 5",
      "--wait must be a duration of at most 1 h, such as 500ms, 5s, 2m: got 5",
    ],
    ["acquire x --wait 2h", "got 2h"],
    ["acquire x --wait", "--wait"],
    ["acquire x --on-unavailable maybe", "must be one of throw, open, closed: got maybe"],
    ["acquire x --url localhost:8787", 'url must begin with http: or https: got "localhost:8787"'],
    ["bench http://me:secret@x", "url must not contain a user name or password"],
    ["acquire x --nonsense", "--nonsense"],
    ["inspect x --json", "--json"],
    ["watch x -- y", "watch does not run a command"],
    ["bench", "Missing address"],
    ["bench http://x --connections 1001", "--connections must be an integer from 1 to 1000"],
    ["bench http://x --transport auto", "--transport must be one of http, session: got auto"],
    ["bench http://x --duration 1h", "--duration must be a duration of at most 10 min"],
    ["dance", "Unknown command dance: use acquire, run, inspect, ls, watch, bench, policy or init"],
  ])("refuses %s", (line, message) => {
    expect(() => read(line)).toThrow(message);
  });

  it("takes a folder for a new project, by default this one", () => {
    expect(read("init")).toEqual({
      name: "init",
      command: { dir: ".", name: undefined, isToml: false, isHono: false },
    });
    expect(read("init ../x --name y --toml --hono")).toEqual({
      name: "init",
      command: { dir: "../x", name: "y", isToml: true, isHono: true },
    });
    expect(() => read("init x y")).toThrow("Unexpected argument y after x");
  });

  it("takes no line at all for a mistake, and --help for none", () => {
    expect(read("")).toEqual({ name: "help", isMistake: true });
    expect(read("--help")).toEqual({ name: "help", isMistake: false });
    expect(read("acquire x --help")).toEqual({ name: "help", isMistake: false });
    expect(read("acquire x -- tool --help")).toMatchObject({ name: "acquire" });
  });
});
