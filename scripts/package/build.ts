/**
 * Builds the modules of the package, one for each of src, so that bundlers leave out what is not used. Comments stay
 * in the types, which editors show, and in the source maps, which have the sources: a stack trace names the file and
 * the line that a reader finds in the repository.
 */
import { execFileSync } from "node:child_process";
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { buildSync } from "esbuild";

import { packedName, templateFiles } from "../../src/cli/template.ts";
import { policySchemaText } from "../policy-schema.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const tsc = join(root, "node_modules/typescript/bin/tsc");

/** The command line knows Node, and the rest does not. */
const PROJECTS = ["tsconfig.json", "tsconfig.types.json", "tsconfig.cli.json"];

/**
 * Builds them into the folder `dist` in the root, and returns its path. It is where it is in the package, seen from
 * the sources: their paths in the source maps are relative.
 */
export function buildPackage(): string {
  const dist = join(root, "dist");
  // Modules of an earlier build must not be shipped.
  rmSync(dist, { recursive: true, force: true });
  for (const project of PROJECTS) {
    const args = [tsc, "--project", join("scripts/package", project), "--outDir", dist];
    execFileSync(process.execPath, args, { cwd: root, stdio: "inherit" });
  }
  bundleHono(dist);
  dropMapOf(join(dist, "dashboard/assets.js"));
  // For editors, in projects with policies of their own.
  writeFileSync(join(dist, "policies.schema.json"), policySchemaText());
  copyTemplates(join(dist, "templates"));
  return dist;
}

/** For `sluice init`. */
function copyTemplates(folder: string): void {
  for (const [template, paths] of Object.entries(templateFiles)) {
    for (const path of paths) {
      cpSync(join(root, "templates", template, path), join(folder, template, packedName(path)));
    }
  }
}

/** Puts what the Worker uses of Hono into its module; nobody imports the types of that. */
function bundleHono(dist: string): void {
  const licence = readFileSync(join(root, "node_modules/hono/LICENSE"), "utf8").trim();
  const module = join(dist, "worker/hono.js");
  buildSync({
    entryPoints: [join(root, "src/worker/hono.ts")],
    outfile: module,
    bundle: true,
    format: "esm",
    target: "es2022",
    banner: { js: `/*! Parts of Hono, https://hono.dev\n\n${licence}\n*/` },
    logLevel: "warning",
  });
  rmSync(`${module}.map`);
  rmSync(join(dist, "worker/hono.d.ts"));
}

/** The page is built, and its map would be the page once more. */
function dropMapOf(module: string): void {
  rmSync(`${module}.map`);
  const text = readFileSync(module, "utf8");
  writeFileSync(module, text.replace(/^\/\/# sourceMappingURL=.*\n?/m, ""));
}
