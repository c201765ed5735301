/** Whole answers are in hold-client.test.ts. */
import { expect, it } from "vitest";

import {
  holdOutcomeIn,
  permitOutcomeIn,
  settleOutcomeIn,
} from "../../../src/client/holds/held-answers.ts";

const settled = { id: "h", used: { rate: 1 }, returned: {}, owed: {}, settledAtMs: 5 };

it.each([
  { ...settled, used: { rate: "1" } },
  { ...settled, settledAtMs: undefined },
  { id: "h", expiresAtMs: "soon" },
  { id: "h", expiresAtMs: 5 },
  { reason: "timeout" },
  "<h1>Welcome</h1>",
  null,
])("%j is no answer of Sluice", (body) => {
  const answer = { status: 200, body };
  const unexpected = expect.objectContaining({ reason: "unexpected-answer" });
  expect(() => settleOutcomeIn(answer)).toThrow(unexpected);
  expect(() => permitOutcomeIn(answer)).toThrow(unexpected);
});

it("members that this client doesn't know are left out", () => {
  const more = { ofTomorrow: true };
  const at = (status: number, body: object) => ({ status, body: { ...body, ...more } });
  const open = { id: "h", expiresAtMs: 5 };
  expect(settleOutcomeIn(at(200, settled))).toEqual({ ok: true, ...settled });
  expect(holdOutcomeIn(at(200, open))).toEqual({ ok: true, ...open });
  expect(permitOutcomeIn(at(200, { ...open, fence: 7 }))).toEqual({ ok: true, ...open, fence: 7 });
  expect(holdOutcomeIn(at(404, { reason: "unknown-hold" }))).toEqual({
    ok: false,
    reason: "unknown-hold",
  });
});
