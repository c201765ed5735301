import { expect, it } from "vitest";

import { UsageError } from "../../src/cli/usage-error.ts";

it("UsageError is known by its name", () => {
  expect(new UsageError("--wait is wrong")).toMatchObject({
    name: "UsageError",
    message: "--wait is wrong",
  });
});
