/** What `npm start` says when it starts, and when it cannot. */
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { setTimeout } from "node:timers/promises";

import { describe, expect, it } from "vitest";

import { startDev } from "../../kit/processes/server.ts";
import { projectDir } from "../../serve/worker-bundle.ts";

describe.concurrent("npm start", () => {
  it("ends by saying where to look", async () => {
    await using dev = await startDev();
    const url = `http://localhost:${dev.port}`;
    while (!dev.output.includes("live page")) await setTimeout(20);
    // Not the last of all: on a busy machine wrangler's line about the call that found it ready comes later.
    const lines = [
      `Sluice is running on ${url}`,
      `  Take a token:        curl '${url}/acquire?bucket=hello'`,
      `  Watch the live page: ${url}/buckets/hello`,
    ];
    expect(dev.output).toContain(lines.join("\n"));
    for (const path of ["/acquire?bucket=hello", "/buckets/hello"]) {
      expect((await fetch(url + path)).status).toBe(200);
    }
  });

  it("stops if its port is taken, and names the next step", async () => {
    await using other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    const start = promisify(execFile)("npm", ["start", "--", "--port", String(port)], {
      cwd: projectDir,
    });
    await expect(start).rejects.toMatchObject({
      code: 1,
      stderr:
        `Port ${port} is taken, perhaps by another "npm start": ` +
        `stop that, or run "npm start -- --port ${port + 1}"\n`,
    });
  });
});
