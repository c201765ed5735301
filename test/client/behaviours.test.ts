/** The client's behaviours on Node; runtimes.system.test.ts has the other runtimes, test/e2e the browsers. */
import { describeClient } from "../../kit/client/describe-client.ts";

describeClient("Node", [process.execPath]);
