import { describe, expect, it } from "vitest";

import { holdResponse, permitResponse } from "../../src/answers/hold-response.ts";

const settled = {
  id: "a",
  used: { rate: 1 },
  returned: { rate: 2 },
  owed: { rate: 0 },
  settledAtMs: 5,
};

describe("holdResponse", () => {
  it("has what was settled, or the hold that is open", async () => {
    const response = holdResponse({ kind: "settled", settled });
    expect(response.headers.get("Cache-Control")).toBe("no-store");
    expect(await response.json()).toEqual(settled);
    const open = holdResponse({ kind: "open", id: "a", expiresAtMs: 7 });
    expect(await open.json()).toEqual({ id: "a", expiresAtMs: 7 });
  });

  it.each([
    [{ kind: "unknown-hold" }, 404, { reason: "unknown-hold" }],
    [{ kind: "hold-settled", settledAtMs: 5 }, 409, { settledAtMs: 5 }],
    [{ kind: "hold-settled", expiredAtMs: 6 }, 409, { expiredAtMs: 6 }],
    [{ kind: "invalid", errors: [{ field: "used", message: "no" }] }, 400, { detail: "no" }],
  ] as const)("of %o is a %i", async (answer, status, members) => {
    const response = holdResponse(answer);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ status, ...members });
  });
});

describe("permitResponse", () => {
  it("has the permit, or that it is lost", async () => {
    const permit = { id: "a", fence: 3, expiresAtMs: 7 };
    expect(await permitResponse({ kind: "extended", permit }).json()).toEqual(permit);
    const lost = permitResponse({ kind: "permit-lost" });
    expect(lost.status).toBe(410);
    expect(await lost.json()).toMatchObject({ reason: "permit-lost" });
  });
});
