import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { onLiveScreen } from "../../src/cli/live-screen.ts";

let written = "";
beforeEach(() => {
  written = "";
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    written += String(text);
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
});

it("onLiveScreen draws over what it has drawn, on a screen that goes when it ends", async () => {
  let lines = ["one", "two"];
  await onLiveScreen(
    () => lines,
    async (redraw) => {
      redraw();
      lines = ["three"];
      redraw();
    },
  );
  const [first, ...drawn] = written.split("\u001B[H");
  expect(first).toBe("\u001B[?1049h\u001B[?25l");
  expect(drawn).toEqual([
    "one\u001B[K\ntwo\u001B[K\u001B[J",
    "three\u001B[K\u001B[J\u001B[?25h\u001B[?1049l",
  ]);
});

it("onLiveScreen leaves the screen if what it runs fails", async () => {
  const failing = onLiveScreen(
    () => [],
    () => Promise.reject(new Error("lost")),
  );
  await expect(failing).rejects.toThrow("lost");
  expect(written.endsWith("\u001B[?1049l")).toBe(true);
});

it("onLiveScreen takes 80 columns and 24 rows for a terminal that doesn't know its size", async () => {
  const sizes: number[][] = [];
  await onLiveScreen(
    (columns, rows) => {
      sizes.push([columns, rows]);
      return [];
    },
    async (redraw) => redraw(),
  );
  const { columns, rows } = process.stdout;
  expect(sizes).toEqual([[columns || 80, rows || 24]]);
});
