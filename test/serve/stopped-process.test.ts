/** A process that stands still while its open files are inspected. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { whileStopped } from "../../serve/stopped-process.ts";

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "sluice-stopped-"));
});
afterAll(() => rmSync(dir, { recursive: true }));

describe.runIf(process.platform === "linux")("whileStopped", () => {
  it("passes what a process has open while it is stopped, and resumes it", async () => {
    const path = join(dir, "held");
    const child = spawn("sh", [
      "-c",
      `exec 3>'${path}'; echo ready; while read line; do echo $line; done`,
    ]);
    await once(child.stdout, "data");
    const { pid = 0 } = child;
    const stateOf = (): string => readFileSync(`/proc/${pid}/stat`, "latin1").split(" ")[2] ?? "";
    const seen = await whileStopped(pid, (open) => ({ isOpen: open.has(path), state: stateOf() }));
    expect(seen).toEqual({ isOpen: true, state: "T" });
    const threw = whileStopped(pid, () => renameSync(join(dir, "nowhere"), path));
    expect(await threw).toBeUndefined();
    child.stdin.write("on\n");
    expect(String((await once(child.stdout, "data"))[0])).toBe("on\n");
    child.stdin.end();
    await once(child, "exit");
    expect(await whileStopped(pid, () => true)).toBeUndefined();
  });
});
