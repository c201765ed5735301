/**
 * Runs the list of client behaviours in a process of any runtime: the surroundings come as JSON in
 * the last argument, the findings go as JSON to standard output.
 */
import { runClientBehaviours } from "./client-behaviours.ts";

const findings = await runClientBehaviours(JSON.parse(process.argv.at(-1) ?? ""));
console.log(JSON.stringify(findings));
