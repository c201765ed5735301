/** The configuration that workerd reads. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, expect, it } from "vitest";

import type { WorkerBundle } from "../../serve/worker-bundle.ts";

import { writeWorkerd } from "../../serve/workerd-config.ts";

const bundle: WorkerBundle = {
  config: {
    main: "index.ts",
    compatibility_date: "2026-01-01",
    compatibility_flags: [],
    vars: { PUBLIC: "false", SECRET: "of the file", POLICIES: { "*": { capacity: 1 } } },
    durable_objects: {
      bindings: [
        { name: "BUCKETS", class_name: "BucketObject" },
        { name: "OLD", class_name: "Old" },
      ],
    },
    migrations: [{ new_sqlite_classes: ["BucketObject"] }, {}],
  },
  modules: [{ name: "main.js", kind: "esModule", content: Buffer.from("export default {};") }],
};

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "sluice-workerd-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

it("writeWorkerd writes the modules, and the bindings in their order of precedence", async () => {
  const path = await writeWorkerd(dir, {
    stateDir: '/state "1"',
    workers: [
      {
        name: "sluice",
        bundle,
        vars: { PUBLIC: "true" },
        fromEnvironment: { SECRET: "SLUICE_VAR_SECRET" },
        services: { FILES: { service: "folder" }, OTHER: { worker: "w", entrypoint: "E" } },
      },
    ],
    folders: { folder: "/buckets" },
    servers: { launcher: "unix:/files.sock" },
    sockets: [
      { name: "http", address: "127.0.0.1:0", worker: "sluice" },
      { name: "control", address: "unix:/c.sock", worker: "sluice", entrypoint: "Control" },
    ],
  });
  expect(readFileSync(join(dir, "worker0/main.js"), "utf8")).toBe("export default {};");
  const config = readFileSync(path, "utf8");
  const lines = config.split("\n").map((line) => line.trim());
  for (const line of [
    '(name = "disk", disk = (path = "/state \\"1\\"", writable = true)),',
    '(name = "folder", disk = (path = "/buckets")),',
    '(name = "launcher", external = (address = "unix:/files.sock", http = ())),',
    '(name = "http", address = "127.0.0.1:0", http = (), service = "sluice"),',
    '(name = "control", address = "unix:/c.sock", http = (), service = (name = "sluice", entrypoint = "Control")),',
    '(name = "main.js", esModule = embed "worker0/main.js"),',
    '(name = "PUBLIC", text = "true"),',
    '(name = "POLICIES", json = "{\\"*\\":{\\"capacity\\":1}}"),',
    '(name = "SECRET", fromEnvironment = "SLUICE_VAR_SECRET"),',
    '(name = "FILES", service = "folder"),',
    '(name = "OTHER", service = (name = "w", entrypoint = "E")),',
    '(className = "BucketObject", uniqueKey = "sluice-BucketObject", enableSql = true),',
    '(className = "Old", uniqueKey = "sluice-Old", enableSql = false),',
  ]) {
    expect(lines).toContain(line);
  }
  // A secret's value is in no file.
  expect(config).not.toContain("of the file");
  expect(config).not.toContain("internet");
});

it("writeWorkerd lets Workers call this machine only if asked to", async () => {
  const setup = { stateDir: "/s", workers: [], sockets: [], reachesThisMachine: true };
  const path = await writeWorkerd(dir, setup);
  expect(readFileSync(path, "utf8")).toContain(
    '(name = "internet", network = (allow = ["public", "private"]))',
  );
});
