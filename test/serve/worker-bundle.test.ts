/** A bundle on disk. Building one is in test/sockets/serve.test.ts. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import {
  readWrittenBundle,
  unservedBindings,
  writeBundle,
  type WorkerBundle,
} from "../../serve/worker-bundle.ts";

const bundle: WorkerBundle = {
  config: {
    main: "/home/someone/sluice/src/index.ts",
    compatibility_date: "2026-01-01",
    compatibility_flags: ["nodejs_compat"],
    vars: { PUBLIC: "true" },
    durable_objects: { bindings: [{ name: "BUCKETS", class_name: "BucketObject" }] },
    migrations: [{ new_sqlite_classes: ["BucketObject"] }],
  },
  modules: [
    { name: "main.js", kind: "esModule", content: Buffer.from("export default {};") },
    { name: "page.html", kind: "text", content: Buffer.from("<p>") },
  ],
};

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "sluice-bundle-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

describe("readWrittenBundle", () => {
  it("reads what writeBundle wrote, without the paths of the machine that built it", async () => {
    const written = { ...bundle, config: { ...bundle.config, configPath: "/home/someone/x.toml" } };
    await writeBundle(join(dir, "new"), written);
    expect(await readWrittenBundle(join(dir, "new"))).toEqual({
      ...bundle,
      config: { ...bundle.config, main: "index.ts" },
    });
    expect(readFileSync(join(dir, "new/sluice-bundle.json"), "utf8")).not.toContain("/home");
  });

  it("refuses a directory without one, and another format", async () => {
    await expect(readWrittenBundle(dir)).rejects.toMatchObject({
      message: `--bundle: there is no sluice-bundle.json in ${dir}`,
      isLasting: true,
    });
    const path = join(dir, "sluice-bundle.json");
    writeFileSync(path, '{"format":2}');
    await expect(readWrittenBundle(dir)).rejects.toMatchObject({
      message: `--bundle: ${path} must have format 1: got 2`,
      isLasting: true,
    });
  });
});

it("unservedBindings names the kinds of bindings, and the objects, that only the user's Worker has", () => {
  const own = { name: "BUCKETS", class_name: "BucketObject" };
  const others = [
    { name: "COUNTERS", class_name: "Counter" },
    { name: "MORE", class_name: "BucketObject" },
  ];
  const config = {
    vars: { binding: "x" },
    durable_objects: { bindings: [own, ...others] },
    kv_namespaces: [{ binding: "KV" }],
    services: [],
    rules: ["binding"],
  };
  expect(unservedBindings(config, [own])).toEqual([
    "kv_namespaces",
    "durable_objects COUNTERS (Counter)",
    "durable_objects MORE (BucketObject)",
  ]);
});
