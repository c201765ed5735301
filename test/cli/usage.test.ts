import { describe, expect, it } from "vitest";

import { readArguments } from "../../src/cli/arguments.ts";
import { usage } from "../../src/cli/usage.ts";

describe("usage", () => {
  it("fits a terminal of 100 columns", () => {
    expect(usage.split("\n").filter((line) => line.length > 100)).toEqual([]);
  });

  it("names no option that its command does not take", () => {
    const values: Record<string, string> = {
      N: "1",
      "LIMIT=N": "tpm=1",
      DURATION: "1s",
      KEY: "k",
      WHAT: "open",
      HOW: "session",
      BUCKET: "b",
      NAME: "staging",
      PREFIX: "login:",
      BY: "name",
      TEXT: "why",
    };
    const subjects: Record<string, string[]> = {
      bench: ["http://sluice.test"],
      ls: [],
      init: [],
      "policy apply": ["file", "b", "--note", "why"],
    };
    let command = "";
    let options = 0;
    for (const line of usage.split("\n")) {
      command =
        /^ {2}sluice (acquire|run|inspect|ls|watch|bench|init|policy \w+) /.exec(line)?.[1] ??
        command;
      const [, option, name] = /^ {4}(--[\w-]+)(?: ([A-Z=]+))?/.exec(line) ?? [];
      if (option === undefined) continue;
      options += 1;
      const subject = subjects[command] ?? ["b"];
      const value = name === undefined ? [] : [values[name] ?? ""];
      expect(
        readArguments([...command.split(" "), ...subject, option, ...value], {}),
      ).toMatchObject({
        name: command,
      });
    }
    expect(options).toBe(32);
  });
});
