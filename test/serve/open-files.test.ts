/** The number of open files, and its limit. */
import { closeSync, openSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { openFileLimit, openFilesOf } from "../../serve/open-files.ts";

it("openFileLimit is positive, or there is no limit", async () => {
  expect(await openFileLimit()).toBeGreaterThan(0);
});

describe.runIf(process.platform === "linux")("openFilesOf", () => {
  it("counts the files of a process", () => {
    const before = Number(openFilesOf(process.pid));
    const files = Array.from({ length: 100 }, () => openSync("/dev/null", "r"));
    const during = Number(openFilesOf(process.pid));
    for (const file of files) closeSync(file);
    // Others of this process may come and go meanwhile.
    expect(during - before).toBeGreaterThan(50);
  });

  it("is undefined without such a process", () => {
    expect(openFilesOf(2 ** 30)).toBeUndefined();
  });
});
