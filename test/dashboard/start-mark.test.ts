import { afterEach, expect, it, vi } from "vitest";

import { startAtNextPage, takeStart } from "../../src/dashboard/start-mark.ts";

afterEach(() => vi.unstubAllGlobals());

function storage(): Pick<Storage, "getItem" | "setItem" | "removeItem"> {
  const items = new Map<string, string>();
  return {
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => void items.set(key, value),
    removeItem: (key) => void items.delete(key),
  };
}

it("a start is for one bucket, and taken once", () => {
  vi.stubGlobal("sessionStorage", storage());
  expect(takeStart("a")).toBe(false);
  startAtNextPage("a");
  expect(takeStart("a")).toBe(true);
  expect(takeStart("a")).toBe(false);
});

it("another page takes it away, so that it starts nothing later", () => {
  vi.stubGlobal("sessionStorage", storage());
  startAtNextPage("a");
  expect(takeStart("b")).toBe(false);
  expect(takeStart("a")).toBe(false);
});

it("nothing starts where the browser blocks storage", () => {
  vi.stubGlobal("sessionStorage", undefined);
  startAtNextPage("a");
  expect(takeStart("a")).toBe(false);
});
