/** Enforces the core's invariants in all that the tests of a project run themselves. */
import { enforceInvariants } from "../src/core/invariants.ts";

enforceInvariants();
