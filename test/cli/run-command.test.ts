/** How a command ends; what signals do to it is in main.system.test.ts. */
import { afterEach, describe, expect, it, vi } from "vitest";

import { runCommand } from "../../src/cli/run-command.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

describe("runCommand", () => {
  it.each([
    ["its own code", ["-e", "process.exit(7)"], 7],
    ["128 and the number of its signal", ["-e", "process.kill(process.pid, 'SIGTERM')"], 143],
  ])("resolves with %s", async (_, args, code) => {
    const listeners = process.listenerCount("SIGTERM");
    expect(await runCommand(process.execPath, args)).toBe(code);
    expect(process.listenerCount("SIGTERM")).toBe(listeners);
  });

  it.each([
    [
      "a command that is missing",
      "no-such-command",
      127,
      /^sluice: no-such-command: command not f/,
    ],
    ["one that cannot be run", import.meta.dirname, 126, /^sluice: .*: spawn .* EACCES\n$/],
    ["one that Node refuses", "a\0b", 126, /^sluice: a\0b: /],
  ])("says why %s did not run", async (_, command, code, message) => {
    const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    expect(await runCommand(command, [])).toBe(code);
    expect(write.mock.calls).toEqual([[expect.stringMatching(message)]]);
  });
});
