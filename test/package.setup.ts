/** Packs the package, once for all the tests that install it. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { TestProject } from "vitest/node";

import { packPackage } from "../kit/processes/packed-package.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** The path of the tarball. */
    readonly packedPackage: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dir = await mkdtemp(join(tmpdir(), "sluice-pack-"));
  project.provide("packedPackage", await packPackage(dir));
  return () => rm(dir, { recursive: true, force: true });
}
