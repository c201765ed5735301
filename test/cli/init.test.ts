import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { fakeTerminal } from "../../kit/cli/fake-terminal.ts";
import { init, type InitCommand } from "../../src/cli/init.ts";

let dir: string;
let clone: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "sluice-init-"));
  clone = join(dir, "clone");
  mkdirSync(join(clone, "src/cli"), { recursive: true });
  writeFileSync(join(clone, "src/cli/template.ts"), "");
  writeFileSync(join(clone, "package.json"), '{"version":"1.2.3"}');
  writeFileSync(join(clone, "sluice.tgz"), "");
});
afterAll(() => rmSync(dir, { recursive: true }));

function run(folder: string, options: Partial<InitCommand> = {}): string {
  const terminal = fakeTerminal();
  const command = { name: undefined, isToml: false, isHono: false, ...options };
  expect(init({ dir: join(dir, folder), ...command }, terminal, clone)).toBe(0);
  return terminal.printed.join("\n");
}

function filesIn(folder: string): string[] {
  return readdirSync(join(dir, folder), { recursive: true, encoding: "utf8" }).toSorted();
}

function nameIn(folder: string): string {
  return JSON.parse(readFileSync(join(dir, folder, "package.json"), "utf8")).name;
}

describe("init", () => {
  it("writes a project into a folder that it makes, and says what is next", () => {
    const printed = run("deep/My  Limiter!");
    expect(nameIn("deep/My  Limiter!")).toBe("my-limiter");
    expect(filesIn("deep/My  Limiter!")).toContain("src/index.ts");
    expect(printed).toContain(`Wrote the Worker my-limiter to ${dir}/deep/My  Limiter!:`);
    expect(printed).toContain("  src/index.ts\n");
    expect(printed).toContain(`Next:\n  cd '${dir}/deep/My  Limiter!'\n  npm install\n`);
  });

  it("writes beside what is there, as a repository's .git and LICENSE are", () => {
    mkdirSync(join(dir, "some/.git"), { recursive: true });
    writeFileSync(join(dir, "some/LICENSE"), "mine");
    run("some", { name: "other-name", isToml: true });
    expect(nameIn("some")).toBe("other-name");
    expect(filesIn("some")).toEqual(expect.arrayContaining([".git", "LICENSE", "wrangler.toml"]));
  });

  it.each([["README.md"], ["src/index.ts"], ["wrangler.json"], ["wrangler.toml"]])(
    "writes nothing where %s is in the way",
    (name) => {
      const folder = `taken-${name.replace("/", "-")}`;
      mkdirSync(join(dir, folder, "src"), { recursive: true });
      writeFileSync(join(dir, folder, name), "mine");
      const before = filesIn(folder);
      expect(() => run(folder)).toThrow(
        `Nothing was written: ${join(dir, folder)} already has ${name}; choose an empty folder`,
      );
      expect(filesIn(folder)).toEqual(before);
      expect(readFileSync(join(dir, folder, name), "utf8")).toBe("mine");
    },
  );

  it("doesn't write through a link that leads nowhere", () => {
    mkdirSync(join(dir, "linked"));
    symlinkSync(join(dir, "elsewhere"), join(dir, "linked/README.md"));
    expect(() => run("linked")).toThrow("already has README.md");
    expect(existsSync(join(dir, "elsewhere"))).toBe(false);
  });

  it("removes what it has written if it can't write the rest", () => {
    mkdirSync(join(dir, "half"));
    // Even root can't make a file there.
    symlinkSync("/proc", join(dir, "half/src"));
    expect(() => run("half")).toThrow(
      /^Nothing was written: .*\/half\/src.*; choose a folder that you can write to$/,
    );
    expect(readdirSync(join(dir, "half"))).toEqual(["src"]);
  });

  it("makes no folder where it can't make all of them", () => {
    writeFileSync(join(dir, "a-file"), "");
    expect(() => run("a-file")).toThrow(/^Nothing was written: ENOTDIR/);
    expect(() => run("a-file/below")).toThrow(/^Nothing was written: ENOTDIR/);
    expect(readFileSync(join(dir, "a-file"), "utf8")).toBe("");
  });

  it.each([["My Limiter"], ["-x"], ["x-"], ["x_y"], ["x".repeat(64)], ["é"], [""]])(
    "refuses the name %j",
    (name) => {
      expect(() => run("named", { name })).toThrow(
        `--name must be 1 to 63 of a-z, 0-9 and -, with a letter or digit at both ends: got ${JSON.stringify(name)}`,
      );
      expect(existsSync(join(dir, "named"))).toBe(false);
    },
  );

  it("asks for a name where the folder's has no letter that a Worker's may have", () => {
    expect(() => run("日本")).toThrow(
      'Cannot make a Worker\'s name of the folder "日本": pass --name NAME',
    );
  });

  it("makes a name of a folder's that is too long", () => {
    const folder = `${"x".repeat(62)}-y`;
    run(folder);
    expect(nameIn(folder)).toBe("x".repeat(62));
  });
});
