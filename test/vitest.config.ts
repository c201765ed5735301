/**
 * The tests in three lanes. A project's name begins with its lane, which is the npm script that runs it:
 *
 *   npm test              test:*     virtual time, and one short run over a real socket
 *   npm run test:system   system:*   started processes, other runtimes, browsers, time of the platform
 *   npm run test:docs     docs:*     the package as it is installed, and the samples of the pages
 *
 * A file whose name ends in `.system.test.ts` is in the system lane, wherever it is.
 */
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";

import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defaultExclude, defineConfig, type TestProjectInlineConfiguration } from "vitest/config";

type TestOptions = NonNullable<TestProjectInlineConfiguration["test"]>;

const root = fileURLToPath(new URL("..", import.meta.url));

/** Inside the real runtime. */
const EDGE_ROOMS = ["worker", "bucket", "answers", "wire"];
const CLIENT_ROOMS = ["client", "hono", "cli"];
const SYSTEM_ROOMS = ["sockets", "e2e"];
const DOCS_ROOMS = ["package", "docs"];
const SMOKE_ROOMS = ["smoke"];
/** Installs the package as its readers do, from a clone. */
const READER_TESTS = "test/docs/reader*.test.ts";
/** Fakes all timers of its isolate, so it gets one of its own. */
const FILTER_IN_WORKER = "test/worker/token-bucket-filter.test.ts";
/** In every project whose tests run the core themselves. */
const ENFORCE_INVARIANTS = "test/invariants.setup.ts";
/** Says so if packages of other folders are missing. */
const INSTALLED = "test/installed.setup.ts";
const SYSTEM_TESTS = "test/**/*.system.test.ts";

/** Tests wait for the platform now and then, so one more than there are cores. */
const MAX_WORKERS = availableParallelism() + 1;

/** For what takes seconds at most, on a machine with a lot else to do. */
const TIMEOUTS = { testTimeout: 60_000, hookTimeout: 60_000 };

/** `npm test`: all projects side by side. */
function quick(name: string, include: string[], options: TestOptions = {}): TestOptions {
  const exclude = [...defaultExclude, SYSTEM_TESTS, ...(options.exclude ?? [])];
  return { name, include, maxWorkers: MAX_WORKERS, ...TIMEOUTS, ...options, exclude };
}

/** Tests of wall-clock time, one file at a time. */
function timed(name: string, include: string[], options: TestOptions = {}): TestOptions {
  return {
    name,
    include,
    maxWorkers: 1,
    ...TIMEOUTS,
    globalSetup: [INSTALLED],
    sequence: { groupOrder: 1 },
    ...options,
  };
}

/** A project inside the real runtime. */
function inWorkerd(test: TestOptions): TestProjectInlineConfiguration {
  const workerd = cloudflareTest({
    wrangler: { configPath: `${root}/wrangler.toml` },
    miniflare: {
      bindings: {
        PUBLIC: "true",
        ADMIN_TOKEN: "test-admin",
        LOG_REFUSALS: "false",
        // kit/runs.ts reads it from `process.env`, which holds the bindings.
        TEST_RUNS: process.env["TEST_RUNS"] ?? "",
      },
    },
    // Or workerd prints the stack of each exception that leaves an object, expected or not.
    verbose: false,
  });
  return { root, plugins: [workerd], test };
}

function testsOf(rooms: string[]): string[] {
  return rooms.map((room) => `test/${room}/**/*.test.ts`);
}

function systemTestsOf(rooms: string[]): string[] {
  return rooms.map((room) => `test/${room}/**/*.system.test.ts`);
}

export default defineConfig({
  root,
  test: {
    // CI counts from the report; a person reads the summary.
    reporters: process.env["CI"] ? ["default", "json"] : ["default"],
    outputFile: { json: ".vitest/results.json" },
    // What a test prints is shown if it fails.
    silent: "passed-only",
    // A worker that takes longer to end is reported as an error that no test has.
    teardownTimeout: 60_000,
    projects: [
      // The first by name, because it waits for ten seconds.
      { root, test: quick("test:callers", testsOf(SMOKE_ROOMS)) },
      { root, test: quick("test:client", testsOf(CLIENT_ROOMS), { isolate: false }) },
      {
        // Pure code on plain Node: all other rooms.
        root,
        test: quick("test:core", ["test/**/*.test.ts"], {
          exclude: testsOf([
            ...EDGE_ROOMS,
            ...CLIENT_ROOMS,
            ...SYSTEM_ROOMS,
            ...DOCS_ROOMS,
            ...SMOKE_ROOMS,
          ]),
          setupFiles: [ENFORCE_INVARIANTS],
          execArgv: ["--expose-gc"],
          // To start a worker takes longer than most of these files.
          isolate: false,
        }),
      },
      inWorkerd(
        quick("test:edge", testsOf(EDGE_ROOMS), {
          setupFiles: ["test/edge.setup.ts", ENFORCE_INVARIANTS],
          // To start a workerd takes longer than most of these files.
          isolate: false,
          exclude: [FILTER_IN_WORKER],
        }),
      ),
      inWorkerd(quick("test:filter", [FILTER_IN_WORKER], { setupFiles: [ENFORCE_INVARIANTS] })),

      { root, test: timed("system:sockets", testsOf(["sockets"])) },
      {
        root,
        test: timed("system:processes", [SYSTEM_TESTS], {
          exclude: [...defaultExclude, ...systemTestsOf(EDGE_ROOMS)],
        }),
      },
      inWorkerd(
        timed("system:edge", systemTestsOf(EDGE_ROOMS), { setupFiles: [ENFORCE_INVARIANTS] }),
      ),
      // Needs a Chromium.
      { root, test: timed("system:browsers", testsOf(["e2e"])) },

      {
        root,
        test: timed("docs:package", testsOf(DOCS_ROOMS), {
          // One pack for all of them.
          globalSetup: [INSTALLED, "test/package.setup.ts"],
          hookTimeout: 120_000,
          sequence: { groupOrder: 2 },
          exclude: [...defaultExclude, READER_TESTS],
        }),
      },
      {
        // On the ports that the pages print, so nothing else may run.
        root,
        test: timed("docs:reader", [READER_TESTS], { sequence: { groupOrder: 3 } }),
      },
    ],
  },
});
