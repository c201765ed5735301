/**
 * What is wrong with the policies of a wrangler configuration, as `sluice policy check` finds it, for what must
 * not go on with a fault: `npm start`, and the build before a deployment.
 *
 * To read the file takes wrangler, and to load wrangler a second. So the last configuration without a fault is
 * remembered, by a hash of the file and of everything else that decides: that includes wrangler's version, and
 * Node's, which brings the time zones.
 */
import { createHash } from "node:crypto";
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** What decides whether a policy is legal, besides the file it is in. */
const SOURCES = [
  "src/core/**/*.ts",
  "src/worker/config/*.ts",
  "src/cli/policy/*.ts",
  "src/time-zones.ts",
  "scripts/policy-faults.mjs",
  "package-lock.json",
];

const remembered = join(root, "node_modules/.cache/sluice/legal-policies");

function hashOf(config) {
  const hash = createHash("sha256").update(process.version).update(readFileSync(config));
  for (const name of globSync(SOURCES, { cwd: root }).toSorted()) {
    hash.update(name).update(readFileSync(join(root, name)));
  }
  return hash.digest("hex");
}

function lastLegal() {
  try {
    return readFileSync(remembered, "utf8");
  } catch {
    return undefined;
  }
}

function remember(hash) {
  try {
    mkdirSync(dirname(remembered), { recursive: true });
    // Several may run at once, so it's written beside its place and moved there as a whole.
    const draft = `${remembered}.${process.pid}`;
    writeFileSync(draft, hash);
    renameSync(draft, remembered);
  } catch {
    // Next time it is checked again.
  }
}

/**
 * Everything that is wrong in `file`, at the top level and in each environment. Without `file`, in the
 * configuration of the current folder.
 *
 * @throws {Error} If it can't be read, with the next step.
 */
export async function policyFaults(file) {
  const { configurationIn } = await import("../src/cli/policy/configuration.ts");
  const config = file ?? configurationIn(".");
  const hash = existsSync(config) ? hashOf(config) : "";
  if (hash !== "" && hash === lastLegal()) return [];
  const { checkedPolicies } = await import("../src/cli/policy/checked-policies.ts");
  const faults = checkedPolicies(config).flatMap((worker) => worker.faults);
  if (faults.length === 0) remember(hash);
  return faults;
}
