/** The client's behaviours on each runtime that is no browser (test/e2e), but for Node (behaviours.test.ts). */
import { describeClient } from "../../kit/client/describe-client.ts";
import { runCommand } from "../runtimes/commands.ts";

describeClient("OldestNode", runCommand("OldestNode"));
describeClient("Deno", runCommand("Deno"));
describeClient("Bun", runCommand("Bun"));
