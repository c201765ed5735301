/** The launcher's HTTP API for the files of the buckets. */
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, it } from "vitest";

import { serveBucketFolder } from "../../serve/bucket-folder-server.ts";
import { BucketFolder } from "../../serve/bucket-folder.ts";

const ID = "a".repeat(64);

it("serveBucketFolder answers for the files of a bucket", async () => {
  const dir = mkdtempSync(join(tmpdir(), "sluice-folder-"));
  const folder = new BucketFolder(join(dir, "buckets"), join(dir, "set-aside"));
  const ended = new AbortController();
  const socketPath = join(dir, "files.sock");
  await serveBucketFolder(folder, socketPath, ended.signal);
  const ask = async (method: string, path: string): Promise<[number, string]> => {
    const outgoing = request({ socketPath, method, path, agent: false }).end();
    const [response] = await once(outgoing, "response");
    let body = "";
    for await (const piece of response) body += String(piece);
    return [response.statusCode, body];
  };
  expect(await ask("GET", `/${ID}`)).toEqual([200, JSON.stringify({ path: folder.pathOf(ID) })]);
  // No process is being watched that could be stopped meanwhile.
  expect(await ask("DELETE", `/${ID}`)).toEqual([409, ""]);
  expect(await ask("PUT", `/${ID}`)).toEqual([405, ""]);
  expect(await ask("GET", "/lock.sqlite")).toEqual([404, ""]);
  expect(await ask("GET", `/../${ID}`)).toEqual([404, ""]);
  ended.abort();
  rmSync(dir, { recursive: true });
});
