import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { nodeFault } from "../../src/cli/node-version.ts";

describe("nodeFault", () => {
  it.each(["18.19.1", "20.20.2", "22.9.0", "22.17.1"])("names Node %s and a newer one", (node) => {
    expect(nodeFault({ node })).toBe(`Cannot run on Node ${node}: install Node 22.18 or newer`);
  });

  it.each(["22.18.0", "22.20.0", "23.0.0", "24.1.0-nightly20250401", "100.0.0"])(
    "has nothing against Node %s",
    (node) => {
      expect(nodeFault({ node })).toBeUndefined();
    },
  );

  it("doesn't judge other runtimes by the Node that they claim to be", () => {
    expect(nodeFault({ node: "22.6.0", bun: "1.2.0" })).toBeUndefined();
    expect(nodeFault({ node: "20.11.1", deno: "2.0.0" })).toBeUndefined();
  });

  it("requires what package.json does", () => {
    const manifest = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
    const required = /^>=(?<node>\d+\.\d+)\.0$/.exec(JSON.parse(manifest).engines.node);
    expect(nodeFault({ node: "0.1.0" })).toContain(`Node ${required?.groups?.["node"]} or newer`);
  });
});
