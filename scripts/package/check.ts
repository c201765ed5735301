/**
 * The package as it would be published: packed by npm, and looked at from outside. publint knows what
 * bundlers and runtimes expect of a package.json, attw whether TypeScript finds the types of each entry,
 * esbuild what each entry weighs, and Deno what its registry would say of the sources.
 *
 * It publishes nothing. Ends with 1 where anything is wrong.
 */
import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import { build } from "esbuild";

import { entries, MAX_PACKED_BYTES, type PackageEntry } from "./entries.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

function run(command: string): boolean {
  const { status } = spawnSync(command, { cwd: root, shell: true, stdio: "inherit" });
  return status === 0;
}

/** Bytes of all that the entry exports, with what it imports. */
async function bytesOf({ specifier, external }: PackageEntry): Promise<number> {
  // The package refers to itself by name: the same way through "exports" that a user's import takes.
  const resolveDir = join(root, ".package");
  const stdin = { contents: `export * from ${JSON.stringify(specifier)}`, resolveDir };
  const { outputFiles } = await build({
    stdin,
    external: [...external],
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    write: false,
  });
  return gzipSync(outputFiles[0]?.contents ?? new Uint8Array()).byteLength;
}

async function areSizesKept(): Promise<boolean> {
  const packedBytes = statSync(join(root, "sluice.tgz")).size;
  console.log(`sluice.tgz: ${packedBytes} of ${MAX_PACKED_BYTES} bytes`);
  let isKept = packedBytes <= MAX_PACKED_BYTES;
  for (const entry of entries) {
    const bytes = await bytesOf(entry);
    const verdict = bytes <= entry.maxBytes ? "" : "  TOO LARGE";
    console.log(`${entry.specifier}: ${bytes} of ${entry.maxBytes} bytes${verdict}`);
    isKept &&= bytes <= entry.maxBytes;
  }
  return isKept;
}

const isSound =
  run("node scripts/package/pack.ts") &&
  run("publint sluice.tgz --strict") &&
  run("attw sluice.tgz --profile esm-only --format table-flipped --no-emoji") &&
  (await areSizesKept()) &&
  run("test/runtimes/node_modules/.bin/deno publish --dry-run --allow-dirty --quiet");
process.exitCode = isSound ? 0 : 1;
