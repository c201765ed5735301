import { expect, it } from "vitest";

import { holdRefusal, permitRefusal } from "../../src/answers/hold-result.ts";

it("holdRefusal says when a hold was settled, or when it ended by itself", () => {
  expect(holdRefusal({ kind: "hold-settled", settledAtMs: 5 })).toMatchObject({
    reason: "hold-settled",
    details: { detail: "The hold was settled at 5: only the same used can be sent again" },
  });
  expect(holdRefusal({ kind: "hold-settled", expiredAtMs: 5 }).details.detail).toContain(
    "The hold ended at 5",
  );
});

it("holdRefusal names each fault of a call that is wrong", () => {
  const errors = [{ field: "used", message: "used must be an integer" }];
  expect(holdRefusal({ kind: "invalid", errors })).toMatchObject({
    reason: "invalid-request",
    details: { errors },
  });
});

it("permitRefusal says that the permit is lost", () => {
  expect(permitRefusal({ kind: "permit-lost" }).reason).toBe("permit-lost");
});
