/** The client's behaviours over sessions on Node; runtimes.system.test.ts has the other runtimes. */
import { describeClient } from "../../../kit/client/describe-client.ts";

describeClient("Node", [process.execPath], "session");
