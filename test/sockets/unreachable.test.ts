/** A bucket that can't be reached: callers hear of it within their own time. */
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

import { expect, it } from "vitest";

import { acquire, acquirePath, openStream, problemIn, snapshotOf } from "../../kit/http/callers.ts";
import { send, type Answer } from "../../kit/http/http-connection.ts";
import { startWorkerd, type WorkerdServer } from "../../kit/processes/server.ts";

/** Overwrites the files of all buckets of a server that does not run. */
async function corruptAll({ stateDir }: WorkerdServer): Promise<void> {
  const entries = await readdir(stateDir, { recursive: true, withFileTypes: true });
  const files = entries.filter(({ name }) => /^(?!metadata).*\.sqlite/.test(name));
  expect(files.length).toBeGreaterThan(0);
  for (const { parentPath, name } of files) {
    await writeFile(join(parentPath, name), Buffer.alloc(8_192, "no database"));
  }
}

/** How long a request took. */
async function timed(url: string, path: string): Promise<Answer & { tookMs: number }> {
  const startedAtMs = performance.now();
  const answer = await send(url, path);
  return { ...answer, tookMs: performance.now() - startedAtMs };
}

it("a corrupt file: unavailable within the caller's own time, or some seconds", async () => {
  await using server = await startWorkerd();
  await acquire(server, "torn");
  await server.kill();
  await corruptAll(server);
  await server.restart();

  const queries = ["timeoutMs=0", "timeoutMs=2000", ""];
  const [hasty, patient, unbounded] = await Promise.all(
    queries.map((query) => timed(server.url, acquirePath("torn", query))),
  );
  for (const answer of [hasty, patient, unbounded]) {
    expect(answer).toMatchObject({ status: 503, headers: { "retry-after": "1" } });
    expect(answer && problemIn(answer)).toMatchObject({ reason: "unavailable" });
  }
  // With something to spare for a machine that does a lot else.
  expect(hasty?.tookMs).toBeLessThan(1_500);
  expect(patient?.tookMs).toBeLessThan(3_000);
  expect(unbounded?.tookMs).toBeLessThan(10_000);
  expect(unbounded?.tookMs).toBeGreaterThan(2_000);

  const startedAtMs = performance.now();
  const headers = { Accept: "text/event-stream" };
  const path = acquirePath("torn", "timeoutMs=0");
  const streamed = await openStream(server.url, path, headers);
  await streamed.reader.done;
  expect(streamed.reader.lines).toEqual(["refused: unavailable"]);
  expect(performance.now() - startedAtMs).toBeLessThan(1_500);

  expect((await acquire(server, "whole")).remaining).toBe(0);
});

it("an object that is reset all the time: timeout when the caller's time is up, and nobody is lost", async () => {
  await using server = await startWorkerd({ main: "kit/workers/restless.ts" });
  await acquire(server, "restless");
  const ask = (timeoutMs: number): ReturnType<typeof timed> =>
    timed(server.url, acquirePath("restless", `timeoutMs=${timeoutMs}`));
  const patient = ask(20_000);
  // Once that has lost its place, each new instance waits for it, and is reset before it comes to an end.
  await setTimeout(500);
  const hasty = [0, 700].map(ask);
  const [unwilling, soon] = await Promise.all(hasty);
  for (const answer of [unwilling, soon]) {
    expect(answer).toMatchObject({ status: 429, headers: { "retry-after": "1" } });
    expect(answer && problemIn(answer)).toMatchObject({ reason: "timeout", retryAfterMs: 1_000 });
  }
  expect(unwilling?.tookMs).toBeLessThan(1_500);
  expect(soon?.tookMs).toBeGreaterThan(700);
  expect(soon?.tookMs).toBeLessThan(2_200);
  await setTimeout(1_000);
  await send(server.url, "/rest", { method: "POST" });
  expect((await patient)?.status).toBe(200);
  expect(await snapshotOf(server, "restless")).toMatchObject({ waiters: 0, granted: 2 });
});
