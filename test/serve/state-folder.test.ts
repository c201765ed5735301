/** A state directory, for one server at a time. */
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, expect, it } from "vitest";

import { StateFolder } from "../../serve/state-folder.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "sluice-state-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

it("StateFolder.take creates it, readable by this user only", async () => {
  using state = await StateFolder.take(join(dir, "a/b"));
  expect(state.dir).toBe(join(dir, "a/b"));
  expect(statSync(state.bucketsDir).mode & 0o777).toBe(0o700);
  expect(existsSync(state.asideDir)).toBe(false);
});

it("StateFolder.take refuses one that is taken, until it is released", async () => {
  const refused = {
    message: expect.stringContaining("in use by another instance"),
    isLasting: false,
  };
  {
    using state = await StateFolder.take(dir);
    await expect(StateFolder.take(state.dir)).rejects.toMatchObject(refused);
  }
  using again = await StateFolder.take(dir);
  expect(again.dir).toBe(dir);
});

it("StateFolder.take removes sockets that nobody answers", async () => {
  const names = ["control.sock", "http.sock", "files.sock"];
  for (const name of names) writeFileSync(join(dir, name), "");
  using state = await StateFolder.take(dir);
  expect([state.controlSocket, state.httpSocket, state.filesSocket]).toEqual(
    names.map((name) => join(dir, name)),
  );
  for (const name of names) expect(existsSync(join(dir, name))).toBe(false);
});

it("StateFolder.take refuses one whose workerd still answers, and lets go of it", async () => {
  const orphan = createServer().listen(join(dir, "control.sock"));
  await once(orphan, "listening");
  await expect(StateFolder.take(dir)).rejects.toThrow("still in use by a workerd");
  orphan.close();
  await once(orphan, "close");
  using state = await StateFolder.take(dir);
  expect(state.dir).toBe(dir);
});

it("StateFolder.take refuses a path that is too long for a socket, or cannot be created", async () => {
  await expect(StateFolder.take(join(dir, "x".repeat(100)))).rejects.toMatchObject({
    message: expect.stringContaining("too long a path for a socket"),
    isLasting: true,
  });
  writeFileSync(join(dir, "file"), "");
  await expect(StateFolder.take(join(dir, "file"))).rejects.toMatchObject({
    message: expect.stringContaining("cannot write to"),
    isLasting: false,
  });
});
