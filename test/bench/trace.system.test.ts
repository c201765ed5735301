/** What a plain grant runs through, so that the way does not grow unnoticed. In the system lane: it runs workerd. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

import { expect, it } from "vitest";

import { projectDir } from "../../serve/worker-bundle.ts";

/**
 * A change that makes one of them smaller lowers it here, too. Sessions made it two more: what a result says and how a
 * request comes by its place are rooms of their own, which they share.
 */
const MAX_FILES = 30;
const MAX_FILES_IN_WORKER = 6;
const MAX_FRAMES = 11;

it("a plain grant runs through no more files and frames than before", async () => {
  const run = promisify(execFile)(process.execPath, ["bench/trace.ts"], { cwd: projectDir });
  const { stdout } = await run;
  const [, inWorker] = /^Files in the Worker: (\d+)$/m.exec(stdout) ?? [];
  const [, files, frames] = /^(\d+) files, (\d+) frames/m.exec(stdout) ?? [];
  expect(Number(inWorker), stdout).toBeLessThanOrEqual(MAX_FILES_IN_WORKER);
  expect(Number(files), stdout).toBeLessThanOrEqual(MAX_FILES);
  expect(Number(frames), stdout).toBeLessThanOrEqual(MAX_FRAMES);
});
