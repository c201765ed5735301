/** A process group that ends with the process that started it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

import { expect, it } from "vitest";

import { projectDir } from "../../serve/worker-bundle.ts";

const STARTER = `
import { spawn } from "node:child_process";
import { guardGroup } from ${JSON.stringify(join(projectDir, "serve/guard.ts"))};
const leader = spawn("sh", ["-c", "sleep 60 & wait"], {
  stdio: ["ignore", "inherit", "ignore"],
  detached: true,
});
guardGroup(leader);
console.log("guarded");
setInterval(() => undefined, 1_000);
`;

it("guardGroup kills the group when this process is killed", async () => {
  const starter = spawn(process.execPath, ["--input-type=module", "-e", STARTER], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const ended = once(starter.stdout, "end");
  await once(starter.stdout, "data");
  starter.kill("SIGKILL");
  // The pipe ends once no process of the group has it open.
  await ended;
  expect(starter.stdout.readableEnded).toBe(true);
});
