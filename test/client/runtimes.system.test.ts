/** The client's behaviours on each runtime that is no browser (test/e2e), but for Node (behaviours.test.ts). */
import { describeClient } from "../../kit/client/describe-client.ts";
import { runCommand } from "../runtimes/commands.ts";

for (const transport of ["http", "session"] as const) {
  describeClient("OldestNode", runCommand("OldestNode"), transport);
  describeClient("Deno", runCommand("Deno"), transport);
  describeClient("Bun", runCommand("Bun"), transport);
}
