/**
 * The package as its users get it: built, packed by npm, installed into a project of its own (the folder
 * `project`), and used there by name. Nothing in this repository is imported but through the package.
 */
import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { build, type BuildOptions } from "esbuild";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";

import { send } from "../../kit/http/http-connection.ts";
import { installPackage } from "../../kit/processes/packed-package.ts";
import { startDev } from "../../kit/processes/server.ts";
import { projectDir } from "../../serve/worker-bundle.ts";

const run = promisify(execFile);

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "sluice-project-"));
  await cp(fileURLToPath(new URL("project", import.meta.url)), dir, { recursive: true });
  // What the package and its types need.
  const beside = ["hono", "@noble/hashes", "@cloudflare/workers-types"];
  await installPackage(inject("packedPackage"), dir, beside);
});
afterAll(() => rm(dir, { recursive: true, force: true }));

interface Manifest {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional: boolean }>>;
  readonly exports: Readonly<
    Record<string, string | { readonly types: string; readonly default: string }>
  >;
}

interface SourceMap {
  readonly sources: readonly string[];
  readonly sourcesContent: readonly string[];
}

async function readManifest(): Promise<Manifest> {
  return JSON.parse(await readFile(join(dir, "node_modules/sluice/package.json"), "utf8"));
}

/** The project's bundle of `contents`, and the packages that it imports and does not hold. */
async function bundle(contents: string, options: BuildOptions = {}) {
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir: dir, loader: "ts" },
    bundle: true,
    format: "esm",
    minify: true,
    write: false,
    metafile: true,
    ...options,
  });
  const [output] = Object.values(metafile?.outputs ?? {});
  return {
    text: outputFiles?.[0]?.text ?? "",
    external: output?.imports.map(({ path }) => path) ?? [],
    inputs: Object.keys(metafile?.inputs ?? {}),
  };
}

function tsc(...args: string[]) {
  const script = join(projectDir, "node_modules/typescript/bin/tsc");
  return run(process.execPath, [script, ...args], { cwd: dir });
}

describe("the packed package", () => {
  it("holds each file that its exports name, and no source, test or tool", async () => {
    const { exports } = await readManifest();
    for (const target of Object.values(exports).flatMap((entry) => {
      return typeof entry === "string" ? [entry] : [entry.types, entry.default];
    })) {
      await readFile(join(dir, "node_modules/sluice", target));
    }
    const files = await readdir(join(dir, "node_modules/sluice"));
    expect(files.sort()).toEqual(["LICENSE", "README.md", "dist", "package.json"]);
  });

  it("has the fields of package.json that users need, and no others", async () => {
    expect(Object.keys(await readManifest()).toSorted()).toEqual([
      "author",
      "bin",
      "dependencies",
      "description",
      "engines",
      "exports",
      "keywords",
      "license",
      "name",
      "peerDependencies",
      "peerDependenciesMeta",
      "publishConfig",
      "sideEffects",
      // Says that it isn't published: `sluice init` depends on a tarball then.
      "sluice",
      "type",
      "version",
    ]);
  });

  it("depends on hashes, and on the Hono of whoever uses that", async () => {
    const { dependencies, peerDependencies, peerDependenciesMeta } = await readManifest();
    expect(Object.keys(dependencies)).toEqual(["@noble/hashes"]);
    expect(Object.keys(peerDependencies)).toEqual(["hono"]);
    expect(peerDependenciesMeta).toEqual({ hono: { optional: true } });
  });

  it("names Hono in the types of sluice/hono only", async () => {
    const dist = join(dir, "node_modules/sluice/dist");
    const types = (await readdir(dist, { recursive: true })).filter((path) =>
      path.endsWith(".d.ts"),
    );
    const named: string[] = [];
    for (const path of types) {
      if (/["']hono\b/.test(await readFile(join(dist, path), "utf8"))) named.push(path);
    }
    expect(named).toEqual(["hono/rate-limit.d.ts"]);
  });

  it("has Hono's licence beside what it has of Hono", async () => {
    const bundled = await readFile(join(dir, "node_modules/sluice/dist/worker/hono.js"), "utf8");
    const licence = await readFile(join(projectDir, "node_modules/hono/LICENSE"), "utf8");
    expect(bundled).toContain(licence.trim());
  });

  it("has the templates of the repository", async () => {
    const { stdout } = await run("git", ["ls-files", "templates"], { cwd: projectDir });
    const templates = join(dir, "node_modules/sluice/dist/templates");
    const packed = await readdir(templates, { recursive: true, withFileTypes: true });
    const files = packed.flatMap((entry) => {
      const path = relative(templates, join(entry.parentPath, entry.name));
      return entry.isFile() ? [`templates/${path.replace("_gitignore", ".gitignore")}`] : [];
    });
    expect(files.toSorted()).toEqual(stdout.trim().split("\n").toSorted());
  });

  it("has source maps that lead to the repository's sources", async () => {
    const installed = join(dir, "node_modules/sluice");
    const files = await readdir(join(installed, "dist"), { recursive: true });
    const maps = files.filter((path) => path.endsWith(".map"));
    expect(maps.length).toBeGreaterThan(200);
    for (const path of maps) {
      const map = JSON.parse(await readFile(join(installed, "dist", path), "utf8")) as SourceMap;
      const [source = ""] = map.sources;
      const inPackage = relative(installed, resolve(installed, "dist", dirname(path), source));
      const text = await readFile(join(projectDir, inPackage), "utf8");
      expect(map.sourcesContent).toEqual([text]);
    }
    expect(maps).not.toContain("dashboard/assets.js.map");
  });

  it("has stack traces name the line of the source", async () => {
    const script = 'import { createTokenBucketFilter as create } from "sluice"; create(-1);';
    const args = ["--enable-source-maps", "--input-type=module", "--eval", script];
    const { stderr } = await run(process.execPath, args, { cwd: dir }).catch(
      (error: { stderr: string }) => error,
    );
    const [, path = "", line = ""] =
      /\bat .*node_modules\/sluice\/(src\/.*\.ts):(\d+):\d+/.exec(stderr) ?? [];
    const source = (await readFile(join(projectDir, path), "utf8")).split("\n");
    expect(source[Number(line) - 1]).toContain("RangeError");
    expect(stderr).not.toMatch(/\bat .*sluice\/dist/);
  });

  it.each([
    ["sluice", []],
    ["sluice/client", ["@noble/hashes"]],
  ])("%s brings these packages along: %j", async (specifier, packages) => {
    const { inputs, external } = await bundle(`export * from "${specifier}"`);
    expect(external).toEqual([]);
    const names = inputs.flatMap((path) => {
      return /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? [];
    });
    expect([...new Set(names)].toSorted()).toEqual([...packages, "sluice"]);
  });

  it.each(["sluice", "sluice/client", "sluice/hono"])(
    "%s is left out where it is not used",
    async (specifier) => {
      // Our own modules have to earn it; others say so by annotations.
      const external = ["@noble/hashes/*"];
      const options = { ignoreAnnotations: true, external };
      const { text } = await bundle(`import "${specifier}";`, options);
      const own = text.replace(/import[^;]*;/, "");
      // At most a constant whose working out a bundler cannot judge.
      expect(own.length).toBeLessThan(100);
    },
  );

  it("type-checks with the types of browsers and Node's resolution, libraries included", async () => {
    await expect(tsc()).resolves.toMatchObject({ stdout: "" });
  });

  it("type-checks with the types of Workers", async () => {
    await expect(tsc("--project", "tsconfig.worker.json")).resolves.toMatchObject({ stdout: "" });
  });

  it("runs its command line", async () => {
    const sluice = join(dir, "node_modules/.bin/sluice");
    const { stdout } = await run(sluice, ["--version"], { cwd: dir });
    expect(stdout.trim()).toBe((await readManifest()).version);
    await expect(run(sluice, ["acquire", "x", "--wait", "soon"])).rejects.toMatchObject({
      code: 64,
    });
  });

  it("tells a wrong use apart from a right one", async () => {
    await writeFile(
      join(dir, "in-process-wrong.ts"),
      'import { createTokenBucketFilter } from "sluice";\n' +
        "const outcome = await createTokenBucketFilter(1).getToken();\n" +
        "console.log(outcome.grantedAtMs);\n",
    );
    const options = [
      "--ignoreConfig",
      "--noEmit",
      "--strict",
      "--module",
      "nodenext",
      "--target",
      "es2022",
    ];
    await expect(tsc(...options, "in-process-wrong.ts")).rejects.toMatchObject({
      stdout: expect.stringContaining("grantedAtMs"),
    });
  });

  it("makes somebody's own Worker a limiter in three lines", async () => {
    await using server = await startDev({ args: ["--config", join(dir, "wrangler.toml")] });
    const granted = await send(server.url, "/acquire?bucket=x");
    expect(granted).toMatchObject({ status: 200, body: { bucket: "x", tokens: 1 } });
    const own = await fetch(`${server.url}/mine`);
    expect(await own.text()).toBe("mine");
  });
});
