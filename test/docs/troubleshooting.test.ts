/** The page of troubleshooting: each message that this code or the installed tools say, as they really say it. */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { Hono } from "hono";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";

import { startWorkerd, type WorkerdServer } from "../../kit/processes/server.ts";
import { offlineEnv, projectDir } from "../../serve/worker-bundle.ts";
import { nodeFault } from "../../src/cli/node-version.ts";
import { createClient, createPacedFetch } from "../../src/client/index.ts";
import { rateLimit } from "../../src/hono/index.ts";
import { checkBucketBinding } from "../../src/worker/config/bucket-binding.ts";
import { PolicyTable } from "../../src/worker/config/policy-table.ts";

const page = readFileSync(join(projectDir, "docs/operate/troubleshooting.md"), "utf8");
const headings = [...page.matchAll(/^### `(.+)`$/gm)].map(([, heading = ""]) => heading);

/** Messages of browsers, of TypeScript, of Node and of Cloudflare, and what takes other versions than are installed. */
const otherMessages = [
  "No 'Access-Control-Allow-Origin' header is present on the requested resource",
  'This Worker requires compatibility date "…", but the newest date supported by this server binary is "…"',
  "Network connection lost.",
  "table _cf_ALARM has 3 columns but 2 values were supplied",
  "Too many subrequests by single Worker invocation",
  "error TS2769: No overload matches this call",
  "MaxListenersExceededWarning: Possible EventTarget memory leak detected. 11 abort listeners added to [AbortSignal]",
];

const WORKERS = {
  closed: { vars: { PUBLIC: "false" } },
  keyed: { vars: { API_TOKEN: "key" } },
  named: { vars: { ALLOWED_HOSTS: "localhost" } },
  few: { vars: { POLICIES: { few: { limit: "10/1s" } } } },
} as const;

let workerd: WorkerdServer;
let dir: string;
beforeAll(async () => {
  workerd = await startWorkerd({ others: WORKERS });
  dir = await mkdtemp(join(tmpdir(), "sluice-trouble-"));
});
afterAll(async () => {
  await workerd?.[Symbol.asyncDispose]();
  if (dir) await rm(dir, { recursive: true });
});

/** The `detail` that the Worker answers. */
async function detailOf(
  worker: keyof typeof WORKERS,
  path: string,
  init?: RequestInit,
): Promise<string> {
  const response = await fetch(workerd.urlOf(worker) + path, init);
  const { detail } = (await response.json()) as { detail: string };
  return detail;
}

/** What every request is answered with while this is configured. */
function faultOf(policies: unknown): Promise<string> {
  const read = () => new PolicyTable(policies).find("x")?.name ?? "no policy";
  return Promise.try(read).catch(String);
}

/** What the program prints before it fails. */
async function printedBy(file: string, args: readonly string[], cwd: string): Promise<string> {
  const done = promisify(execFile)(file, args, { cwd, env: { ...process.env, ...offlineEnv } });
  const { stdout, stderr } = await done.catch((error: { stdout: string; stderr: string }) => error);
  return stdout + stderr;
}

/** How each message comes about. */
const produced: Readonly<Record<string, () => Promise<string>>> = {
  "This deployment has no API_TOKEN": () => detailOf("closed", "/acquire?bucket=x"),
  "Missing API key": () => detailOf("keyed", "/acquire?bucket=x"),
  "Unknown API key": () => {
    const headers = { Authorization: "Bearer another" };
    return detailOf("keyed", "/acquire?bucket=x", { headers });
  },
  "No ADMIN_TOKEN is set": () => detailOf("few", "/buckets/few", { method: "PUT", body: "{}" }),
  "Cannot pause bucket": async () => {
    const warn = vi.spyOn(console, "warn").mockReturnValue();
    const client = createClient({ url: workerd.urlOf("keyed"), token: "key" });
    const answers = [429, 200].map((status) => {
      return new Response("", { status, headers: { "Retry-After": "1" } });
    });
    const upstream = () => Promise.resolve(answers.shift() ?? new Response());
    const pacedFetch = createPacedFetch({ client, bucket: "api", fetch: upstream });
    await pacedFetch("https://api.example.com/");
    const [[warning] = []] = warn.mock.calls;
    warn.mockRestore();
    return String(warning);
  },
  "This public deployment": async () => {
    const { stdout } = await promisify(execFile)("curl", [
      "--silent",
      "-HHost: sluice.example.com",
      `${workerd.urlOf("named")}/acquire?bucket=x`,
    ]);
    return (JSON.parse(stdout) as { detail: string }).detail;
  },
  "BUCKETS must be": () => {
    return Promise.try(checkBucketBinding, undefined).then(String, String);
  },
  "POLICIES must be": () => faultOf(undefined),
  'POLICIES."': () => faultOf({ "*": { limit: "10/1x" } }),
  "No policy matches": () => detailOf("few", "/acquire?bucket=x"),
  "Cannot acquire 5 tokens": () => detailOf("few", "/acquire?bucket=few&tokens=5"),
  "No client": async () => {
    const errors: unknown[] = [];
    const onError = (error: unknown) => void errors.push(error);
    const app = new Hono().use(rateLimit({ bucket: "x", onError }));
    expect((await app.request("/")).status).toBe(503);
    return String(errors[0]);
  },
  "Missing entry-point": async () => {
    const services = [{ binding: "SLUICE", service: "sluice", entrypoint: "Sluice" }];
    await writeFile(join(dir, "wrangler.json"), JSON.stringify({ services }));
    const wrangler = join(projectDir, "node_modules/wrangler/bin/wrangler.js");
    return printedBy(process.execPath, [wrangler, "dev", "--port", "0"], dir);
  },
  "Port 8787 is taken": async () => {
    await using other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const port = String((other.address() as AddressInfo).port);
    const printed = await printedBy(
      process.execPath,
      ["scripts/start.mjs", "--port", port],
      projectDir,
    );
    return printed.replace(port, "8787");
  },
  "Cannot run on Node": () => Promise.resolve(String(nodeFault({ node: "20.20.2" }))),
};

function patternOf(heading: string): RegExp {
  return new RegExp(
    heading
      .split("…")
      .map((text) => RegExp.escape(text))
      .join(".*"),
  );
}

describe("docs/operate/troubleshooting.md", () => {
  it.each(Object.entries(produced))("%s …", async (start, produce) => {
    const heading = headings.find((text) => text.startsWith(start)) ?? "no such heading";
    expect(await produce()).toMatch(patternOf(heading));
  });

  it("has no other messages", () => {
    const starts = [...Object.keys(produced), ...otherMessages];
    expect(headings.filter((text) => !starts.some((start) => text.startsWith(start)))).toEqual([]);
    expect(headings).toHaveLength(starts.length);
  });
});
