import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { processTerminal } from "../../src/cli/terminal.ts";

const { signal } = new AbortController();
let written: string[] = [];

/** Standard error as a terminal of so many columns, or as none. */
function onTerminal(isTTY: boolean, columns: number): void {
  vi.spyOn(process.stderr, "isTTY", "get").mockReturnValue(isTTY);
  vi.spyOn(process.stderr, "columns", "get").mockReturnValue(columns);
}

beforeEach(() => {
  written = [];
  for (const property of ["isTTY", "columns"]) {
    // A pipe has neither, and what is missing cannot be spied on.
    Object.defineProperty(process.stderr, property, { configurable: true, get: () => undefined });
  }
  for (const name of ["stdout", "stderr"] as const) {
    vi.spyOn(process[name], "write").mockImplementation((text) => {
      written.push(`${name}: ${String(text)}`);
      return true;
    });
  }
});
afterEach(() => {
  vi.restoreAllMocks();
  Reflect.deleteProperty(process.stderr, "isTTY");
  Reflect.deleteProperty(process.stderr, "columns");
});

describe("processTerminal", () => {
  it("writes results to standard output, and notes to standard error", () => {
    const terminal = processTerminal(signal);
    terminal.print("result");
    terminal.note("note");
    expect(written).toEqual(["stdout: result\n", "stderr: note\n"]);
  });

  it("replaces a line of progress, and erases it before anything else", () => {
    onTerminal(true, 10);
    const terminal = processTerminal(signal);
    terminal.showProgress("0123456789");
    terminal.print("result");
    terminal.clearProgress();
    expect(written).toEqual([
      "stderr: \r\u001B[K012345678",
      "stderr: \r\u001B[K",
      "stdout: result\n",
    ]);
  });

  it("takes 80 columns if the terminal does not know them", () => {
    onTerminal(true, 0);
    processTerminal(signal).showProgress("x".repeat(100));
    expect(written).toEqual([`stderr: \r\u001B[K${"x".repeat(79)}`]);
  });

  it("shows no progress elsewhere", () => {
    onTerminal(false, 80);
    processTerminal(signal).showProgress("line");
    expect(written).toEqual([]);
  });
});
