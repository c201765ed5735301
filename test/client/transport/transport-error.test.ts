import { expect, it } from "vitest";

import { TransportError, unavailableError } from "../../../src/client/transport/transport-error.ts";

it("unavailableError is a SluiceError with the failure's message, status and cause", () => {
  const cause = new Error("reset");
  const error = unavailableError(new TransportError({ detail: "d", status: 502, cause }));
  expect(error).toMatchObject({
    name: "SluiceError",
    message: "unavailable: d",
    reason: "unavailable",
    detail: "d",
    status: 502,
    cause,
  });
});
