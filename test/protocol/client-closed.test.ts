import { expect, it } from "vitest";

import { clientClosedResponse } from "../../src/protocol/client-closed.ts";

it("clientClosedResponse is 499 and empty", async () => {
  const response = clientClosedResponse();
  expect(response.status).toBe(499);
  expect(await response.text()).toBe("");
});
