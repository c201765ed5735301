/**
 * What wrangler runs before it bundles ([build] in wrangler.toml): brings the live page up to date, and fails if a
 * policy is illegal, because the deployed Worker would answer every request with 500. wrangler doesn't say which
 * environment it builds for, so all of them have to be legal.
 *
 * Under `wrangler dev` it only prints what is wrong: wrangler would end with the first typo that you save, and the
 * Worker's answers name it, too. `npm start` checks before wrangler starts.
 */
import { buildPage } from "./build-page.mjs";

async function policyFaults() {
  if (!process.features.typescript) {
    console.error(`Policies are not checked: install Node 22.18 or newer (${process.version})`);
    return [];
  }
  const { policyFaults: find } = await import("./policy-faults.mjs");
  return find().catch((error) => [error.message]);
}

await buildPage();
const faults = await policyFaults();
for (const fault of faults) console.error(fault);
if (faults.length > 0 && process.env["WRANGLER_COMMAND"] !== "dev") process.exitCode = 1;
