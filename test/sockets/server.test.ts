/** The servers that tests start. */
import { expect, it } from "vitest";

import { startWorkerd } from "../../kit/processes/server.ts";

it("startWorkerd says what is illegal in the configuration instead of waiting for it", async () => {
  const policies = { "*": { capacity: 0, refillTokens: 1, refillIntervalMs: 1_000 } };
  await expect(startWorkerd({ policies })).rejects.toThrow(
    /^Cannot start .*: Error: illegal configuration: POLICIES\."\*": capacity must be an integer from 1 /,
  );
});
