/**
 * `npm run pack`: leaves the package as `sluice.tgz` in the root, as it would be published.
 *
 * It is packed from a folder of its own, `.package`: what the repository's package.json says to developers, such as
 * scripts and tools, is nothing for users.
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { buildPackage } from "./build.ts";
import { packedManifest, repositoryUrlOf, type RepositoryManifest } from "./manifest.ts";
import { packedReadme } from "./readme.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const stage = join(root, ".package");

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as RepositoryManifest;

rmSync(stage, { recursive: true, force: true });
mkdirSync(stage);
renameSync(buildPackage(), join(stage, "dist"));
copyFileSync(join(root, "LICENSE"), join(stage, "LICENSE"));
const readme = readFileSync(join(root, "README.md"), "utf8");
const url = repositoryUrlOf(manifest);
writeFileSync(join(stage, "README.md"), packedReadme(readme, manifest.version, url));
writeFileSync(
  join(stage, "package.json"),
  `${JSON.stringify(packedManifest(manifest), undefined, 2)}\n`,
);

const packed = execFileSync("npm", ["pack", "--json"], { cwd: stage, encoding: "utf8" });
const [{ filename, size }] = JSON.parse(packed) as [{ filename: string; size: number }];
// At once: somebody may be installing the last one.
renameSync(join(stage, filename), join(root, "sluice.tgz"));
console.log(`sluice.tgz: sluice ${manifest.version}, ${Math.ceil(size / 1_000)} KB`);
