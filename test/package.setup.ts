/** Packs the package, once for all the tests that install it. */
import type { TestProject } from "vitest/node";

import { packPackage } from "../kit/processes/packed-package.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** The path of the tarball. */
    readonly packedPackage: string;
  }
}

export default async function setup(project: TestProject): Promise<void> {
  project.provide("packedPackage", await packPackage());
}
