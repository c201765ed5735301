import { fileURLToPath } from "node:url";

import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

const root = fileURLToPath(new URL("..", import.meta.url));

export default defineConfig({
  root,
  test: {
    // CI counts from the report; a person reads the summary.
    reporters: process.env["CI"] ? ["default", "json"] : ["default"],
    outputFile: { json: ".vitest/results.json" },
    projects: [
      {
        // Pure code, the in-process filter, the benchmarks' own logic: plain Node, virtual time.
        root,
        test: {
          name: "core",
          include: [
            "core",
            "protocol",
            "local",
            "simulation",
            "bench",
            "dashboard",
            "openapi",
            "serve",
          ].map((area) => `test/${area}/**/*.test.ts`),
          environment: "node",
          execArgv: ["--expose-gc"],
        },
      },
      {
        // The Worker and its object inside the real runtime, `Date` by hand.
        root,
        plugins: [
          cloudflareTest({
            wrangler: { configPath: `${root}/wrangler.toml` },
            miniflare: {
              bindings: { PUBLIC: "true", ADMIN_TOKEN: "test-admin", LOG_REFUSALS: "false" },
            },
          }),
        ],
        test: {
          name: "edge",
          include: ["worker", "bucket", "answers", "wire"].map(
            (room) => `test/${room}/**/*.test.ts`,
          ),
        },
      },
      {
        // The package, packed and installed elsewhere.
        root,
        test: {
          name: "package",
          include: ["test/package/**/*.test.ts"],
          environment: "node",
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        // The samples of the README and of docs/, as their readers run them. By itself, when all others
        // are done: it builds the package, as the tests of that do.
        root,
        test: {
          name: "docs",
          include: ["test/docs/**/*.test.ts"],
          environment: "node",
          testTimeout: 60_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        // Started servers and real sockets, wall-clock time.
        root,
        test: {
          name: "sockets",
          include: ["test/sockets/**/*.test.ts", "test/cli/**/*.test.ts"],
          environment: "node",
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        // The client in each of its runtimes, against the Worker and against servers that fail; and what
        // stands on it.
        root,
        test: {
          name: "client",
          include: ["test/client/**/*.test.ts", "test/hono/**/*.test.ts"],
          environment: "node",
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        // Real browsers. Not part of `npm test`, since they need a Chromium: `npm run e2e`.
        root,
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          environment: "node",
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
