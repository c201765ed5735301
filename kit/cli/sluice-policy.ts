/** Runs `sluice policy` as a process of its own. */
import { execFile } from "node:child_process";
import { join } from "node:path";

import { projectDir } from "../../serve/worker-bundle.ts";

/** How a command ended, and what it wrote. */
export interface Ended {
  readonly code: unknown;
  readonly out: string;
  readonly err: string;
}

/** Runs the command with what its environment says of Sluice. */
export function sluicePolicy(
  args: readonly string[],
  { url, adminToken }: { readonly url: string; readonly adminToken: string },
): Promise<Ended> {
  const program = join(projectDir, "src/cli/main.ts");
  const env = { ...process.env, SLUICE_URL: url, SLUICE_ADMIN_TOKEN: adminToken };
  return new Promise((resolve) => {
    execFile(process.execPath, [program, "policy", ...args], { env }, (error, out, err) => {
      resolve({ code: error?.code ?? 0, out, err });
    });
  });
}
