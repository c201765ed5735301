/** The client's behaviours on each runtime that is neither Node (behaviours.test.ts) nor a browser (test/e2e). */
import { join } from "node:path";

import { describeClient } from "../../kit/client/describe-client.ts";
import { projectDir } from "../../serve/worker-bundle.ts";

const bin = join(projectDir, "node_modules/.bin");

describeClient("Deno", [join(bin, "deno"), "run", "--quiet", "--no-config", "--allow-net"]);
describeClient("Bun", [join(bin, "bun"), "run"]);
