import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseEnv } from "node:util";

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { unstable_readConfig } from "wrangler";

import { projectFiles, templateFiles, versionFor, type Project } from "../../src/cli/template.ts";
import { projectDir } from "../../serve/worker-bundle.ts";

let dir: string;
beforeAll(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), "sluice-template-")));
});
afterAll(() => rmSync(dir, { recursive: true }));

function filesOf(options: Partial<Project> = {}): ReadonlyMap<string, string> {
  return projectFiles({ name: "x", version: "^1.2.3", isToml: false, isHono: false, ...options });
}

function manifestOf(files: ReadonlyMap<string, string>) {
  return JSON.parse(files.get("package.json") ?? "");
}

function configurationOf(file: string, text = "") {
  writeFileSync(join(dir, file), text);
  const config = unstable_readConfig({ config: join(dir, file) }, { hideWarnings: true });
  return { ...config, configPath: "", userConfigPath: "", $schema: "" };
}

function write(folder: string, manifest: object): string {
  mkdirSync(join(dir, folder), { recursive: true });
  writeFileSync(join(dir, folder, "package.json"), JSON.stringify(manifest));
  return join(dir, folder);
}

it("templateFiles is what the repository has", () => {
  const listed = execFileSync("git", ["ls-files", "templates"], { cwd: projectDir });
  const files = Object.entries(templateFiles).flatMap(([template, paths]) => {
    return paths.map((path) => `templates/${template}/${path}`);
  });
  expect(files.toSorted()).toEqual(String(listed).trim().split("\n").toSorted());
});

/** A folder that looks like a clone of the repository. */
function writeClone(manifest: object): string {
  mkdirSync(join(dir, "a clone/src/cli"), { recursive: true });
  writeFileSync(join(dir, "a clone/src/cli/template.ts"), "");
  return write("a clone", manifest);
}

describe("projectFiles", () => {
  it("has the name and the version in them, and nothing of the template's", () => {
    const files = filesOf({ name: "mail-limiter", version: "file:../a b.tgz" });
    expect([...files.keys()].toSorted()).toEqual([
      ".dev.vars",
      ".dev.vars.example",
      ".gitignore",
      "README.md",
      "package.json",
      "src/index.ts",
      "tsconfig.json",
      "wrangler.jsonc",
    ]);
    expect(manifestOf(files)).toMatchObject({
      name: "mail-limiter",
      dependencies: { sluice: "file:../a b.tgz" },
    });
    expect([...files.values()].join("\n")).not.toContain("my-limiter");
  });

  it("configures the same in TOML", () => {
    const files = filesOf({ isToml: true });
    expect(files.has("wrangler.jsonc")).toBe(false);
    expect(files.get("README.md")).toContain("`wrangler.toml`");
    expect(files.get("README.md")).not.toContain("jsonc");
    expect(configurationOf("wrangler.toml", files.get("wrangler.toml"))).toEqual(
      configurationOf("wrangler.jsonc", filesOf().get("wrangler.jsonc")),
    );
  });

  it("is an app of Hono if asked, with the oldest Hono that the package takes", () => {
    const { peerDependencies } = JSON.parse(readFileSync(join(projectDir, "package.json"), "utf8"));
    const { hono } = manifestOf(filesOf({ isHono: true })).dependencies;
    expect(peerDependencies.hono).toContain(`>=${hono.replace("^", "")} `);
    expect(filesOf({ isHono: true }).get("src/index.ts")).toContain('from "hono"');
    expect(manifestOf(filesOf()).dependencies).toEqual({ sluice: "^1.2.3" });
  });

  it("asks for keys when it is deployed by a button, and for nothing that opens it", () => {
    const files = filesOf();
    const secrets = parseEnv(files.get(".dev.vars.example") ?? "");
    expect(secrets).toEqual({ API_TOKEN: "", ADMIN_TOKEN: "" });
    const { bindings } = manifestOf(files).cloudflare;
    expect(Object.keys(bindings).toSorted()).toEqual(Object.keys(secrets).toSorted());
    const { vars } = configurationOf("wrangler.jsonc", files.get("wrangler.jsonc"));
    expect(Object.keys(vars)).toEqual(["POLICIES"]);
    expect(parseEnv(files.get(".dev.vars") ?? "")).toMatchObject({ PUBLIC: "true" });
    expect(files.get(".gitignore")).toContain(".dev.vars*\n!.dev.vars.example\n");
  });

  it("depends on this version as the template itself does", () => {
    const own = JSON.parse(readFileSync(join(projectDir, "package.json"), "utf8"));
    const template = readFileSync(join(projectDir, "templates/worker/package.json"), "utf8");
    expect(JSON.parse(template).dependencies.sluice).toBe(`^${own.version}`);
  });
});

describe("versionFor", () => {
  const project = (): string => join(dir, "somewhere/mine");

  it("is the tarball of a clone, as long as nothing is published", () => {
    const clone = writeClone({ version: "1.2.3", sluice: { published: false } });
    expect(() => versionFor(project(), clone)).toThrow(
      `There is no ${join(clone, "sluice.tgz")}: run "npm run pack" in ${clone} first`,
    );
    writeFileSync(join(clone, "sluice.tgz"), "");
    expect(versionFor(project(), clone)).toBe("file:../../a clone/sluice.tgz");
    writeClone({ version: "1.2.3", sluice: { published: true } });
    expect(versionFor(project(), clone)).toBe("^1.2.3");
  });

  it("is the tarball that it was installed from, or what a registry has", () => {
    const installed = write("app/node_modules/sluice", { version: "1.2.3" });
    expect(versionFor(project(), installed)).toBe("^1.2.3");
    write("app", { dependencies: { sluice: "file:../clone/sluice.tgz" } });
    expect(versionFor(project(), installed)).toBe("file:../../clone/sluice.tgz");
    write("app", { devDependencies: { sluice: "^1.0.0" } });
    expect(versionFor(project(), installed)).toBe("^1.2.3");
  });

  it.each([
    { manager: "npm", place: "node_modules/sluice", version: "file:../clone/sluice.tgz" },
    { manager: "Bun, Yarn", place: "node_modules/sluice", version: "../clone/sluice.tgz" },
    {
      manager: "pnpm",
      place: "node_modules/.pnpm/sluice@file+..+clone+sluice.tgz/node_modules/sluice",
      version: "file:../clone/sluice.tgz",
    },
  ])("is the tarball that $manager has installed", ({ place, version }) => {
    const installed = write(`managed/${place}`, { version: "1.2.3", sluice: { published: false } });
    write("managed", { dependencies: { sluice: version } });
    expect(versionFor(project(), installed)).toBe("file:../../clone/sluice.tgz");
  });

  it("is the tarball of the project that runs it, if it is installed elsewhere", () => {
    const installed = write("elsewhere/node_modules/sluice", {
      version: "1.2.3",
      sluice: { published: false },
    });
    const asking = write("asking", { dependencies: { sluice: "../clone/sluice.tgz" } });
    expect(versionFor(project(), installed, join(asking, "src"))).toBe(
      "file:../../clone/sluice.tgz",
    );
    write("asking", { dependencies: { sluice: "https://example.com/sluice.tgz" } });
    expect(versionFor(project(), installed, asking)).toBe("https://example.com/sluice.tgz");
  });

  it("is this version wherever a runtime keeps its packages", () => {
    // Such as Deno, in a folder of its cache with the version.
    const cached = write("cache/npm/sluice/1.2.3", { version: "1.2.3" });
    expect(versionFor(project(), cached, dir)).toBe("^1.2.3");
  });

  it("is found past folders whose package.json is broken", () => {
    const installed = write("broken/node_modules/sluice", {
      version: "1.2.3",
      sluice: { published: false },
    });
    write("broken", { dependencies: { sluice: "file:sluice.tgz" } });
    const inner = write("broken/inner", {});
    for (const text of ["{", "null", ""]) {
      writeFileSync(join(dir, "broken/node_modules/package.json"), text);
      writeFileSync(join(inner, "package.json"), text);
      expect(versionFor(project(), installed, inner)).toBe("file:../../broken/sluice.tgz");
    }
  });

  it("is never a version that no registry has", () => {
    const installed = write("global/node_modules/sluice", {
      version: "1.2.3",
      sluice: { published: false },
    });
    expect(() => versionFor(project(), installed, dir)).toThrow(
      `No package.json above ${installed} says which tarball`,
    );
  });

  it("leads from where the folder really is", () => {
    const clone = writeClone({ version: "1.2.3", sluice: { published: false } });
    writeFileSync(join(clone, "sluice.tgz"), "");
    mkdirSync(join(dir, "far/away/real"), { recursive: true });
    symlinkSync("far/away/real", join(dir, "link"));
    expect(versionFor(join(dir, "link"), clone)).toBe("file:../../../a clone/sluice.tgz");
    expect(versionFor(join(dir, "link/a/b"), clone)).toBe("file:../../../../../a clone/sluice.tgz");
  });
});
