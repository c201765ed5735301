import { expect, it } from "vitest";

import { PermitLostError } from "../../src/holding/permit-lost-error.ts";

it("PermitLostError names the fence, says why, and keeps its cause", () => {
  const cause = new Error("no route");
  const error = new PermitLostError(7, "it could not be extended in time", cause);
  expect(error).toMatchObject({ name: "PermitLostError", fence: 7, cause });
  expect(error.message).toBe("The permit with fence 7 is lost: it could not be extended in time");
  expect("cause" in new PermitLostError(7, "it was released")).toBe(false);
});
