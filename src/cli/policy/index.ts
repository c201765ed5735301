/** The commands about policies, which are loaded when one of them runs: the others need no table of policies. */
export { check } from "./check.ts";
export { apply, rollback } from "./override.ts";
export { plan } from "./plan.ts";
