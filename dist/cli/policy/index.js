/** The commands about policies, which are loaded when one of them runs: the others need no table of policies. */
export { check } from "./check.js";
export { apply, rollback } from "./override.js";
export { plan } from "./plan.js";
