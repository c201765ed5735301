/** What a benchmark ran on: without it no figure says anything. */
import { existsSync, readFileSync } from "node:fs";
import { availableParallelism, cpus, release, totalmem, type } from "node:os";
import { fileURLToPath } from "node:url";

const GIB = 1024 ** 3;
/** Of the benchmarks, and of Sluice. */
const packageFolders = ["../node_modules", "../../node_modules"].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
);

/** As it stands in a result. */
export interface Machine {
  /** The day of the run, as in `2026-11-24`. */
  readonly date: string;
  readonly processor: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly kernel: string;
  /** By name, Node first. */
  readonly versions: Readonly<Record<string, string>>;
}

/**
 * This machine, now.
 *
 * @param packageNames npm packages whose installed versions matter.
 * @param others Versions of what is no npm package, by name.
 * @throws {Error} Where a package is not installed.
 */
export function describeMachine(
  packageNames: readonly string[],
  others: Readonly<Record<string, string>> = {},
): Machine {
  return {
    date: new Date().toISOString().slice(0, "YYYY-MM-DD".length),
    processor: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memoryGib: Math.round(totalmem() / GIB),
    kernel: `${type()} ${release()}`,
    versions: {
      Node: process.versions.node,
      ...Object.fromEntries(packageNames.map((name) => [name, packageVersion(name)])),
      ...others,
    },
  };
}

/** In one line. */
export function machineLine(machine: Machine): string {
  const { date, processor, cores, memoryGib, kernel } = machine;
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`);
  return `${date}: ${processor}, ${cores} cores, ${memoryGib} GiB, ${kernel}; ${versions.join(", ")}.`;
}

/** The version of an npm package. @throws {Error} Where it is not installed. */
export function packageVersion(name: string): string {
  const manifests = packageFolders.map((folder) => `${folder}/${name}/package.json`);
  const manifest = manifests.find((path) => existsSync(path));
  if (manifest === undefined) {
    throw new Error(`${name} is not installed: run "node scripts/setup.mjs bench"`);
  }
  const { version } = JSON.parse(readFileSync(manifest, "utf8"));
  return version;
}
