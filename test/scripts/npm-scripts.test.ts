/**
 * The npm scripts in a fresh clone on an old Node: setup.mjs, the first command of each, then links a newer one into
 * the folder that PATH begins with, and the second command must run on it. A shell remembers where it has found
 * `node`, and dash doesn't look again, except for `exec`; a program with `#!/usr/bin/env node` is looked up afresh.
 */
import { execFile } from "node:child_process";
import { chmod, mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";

import manifest from "../../package.json" with { type: "json" };

const run = promisify(execFile);

/** The scripts that set up first, and then run something else. */
const scripts = Object.entries(manifest.scripts).filter(([, script]) =>
  /^node scripts\/setup\.mjs\b.*&&/.test(script),
);

let folder: string;

async function writeProgram(path: string, ...lines: string[]): Promise<void> {
  await writeFile(path, `${lines.join("\n")}\n`);
  await chmod(path, 0o755);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "npm-scripts-"));
  await mkdir(join(folder, "machine"));
  // As setup.mjs, it brings the newer one.
  await writeProgram(
    join(folder, "machine/node"),
    "#!/bin/sh",
    'echo "old $1"',
    'printf \'#!/bin/sh\\necho "new $1"\\n\' > "$CLONE_BIN/node"',
    'chmod +x "$CLONE_BIN/node"',
  );
});
afterAll(() => rm(folder, { recursive: true }));

it("there are scripts to try", () => {
  expect(scripts.length).toBeGreaterThan(10);
});

it.each(scripts)(
  "npm run %s: what follows the setup runs on the Node it brought",
  async (name, script) => {
    const bin = join(folder, name.replace(":", "-"));
    await mkdir(bin);
    await writeProgram(join(bin, "vitest"), "#!/usr/bin/env node");
    const PATH = `${bin}:${join(folder, "machine")}:${process.env["PATH"]}`;
    const { stdout } = await run("/bin/sh", ["-c", script], { env: { PATH, CLONE_BIN: bin } });
    const [setup, ...rest] = stdout.trim().split("\n");
    expect(setup).toBe("old scripts/setup.mjs");
    expect(rest).toEqual([expect.stringMatching(/^new /)]);
  },
);
