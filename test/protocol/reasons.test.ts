import { describe, expect, expectTypeOf, it } from "vitest";

import { type LimiterReason, limiterReasons } from "../../src/core/outcome.ts";
import {
  type RefusalReason,
  fieldsOfReason,
  isRefusalReason,
  reasonFields,
} from "../../src/protocol/reasons.ts";

const rows = Object.entries(reasonFields);

describe("reasonFields", () => {
  it.each(rows)("%s has the status of a failure and a title without a full stop", (_, fields) => {
    expect(fields.status).toBeGreaterThanOrEqual(400);
    expect(fields.status).toBeLessThan(600);
    expect(fields.title).toMatch(/^[A-Z].*[^.]$/);
  });

  it("has a type for exactly those reasons that are a quota's", () => {
    const quotas = rows.filter(([, { status }]) => status === 429);
    expect(quotas.map(([reason]) => reason)).toEqual(["timeout", "queue-full", "holds-full"]);
    expect(rows.filter(([, { type }]) => type !== undefined)).toEqual(quotas);
  });
});

describe("isRefusalReason", () => {
  it("is true for what the limiter says, and for an acquire that somebody cancelled", () => {
    const refusals = rows.map(([reason]) => reason).filter(isRefusalReason);
    expect(new Set(refusals)).toEqual(
      new Set([...limiterReasons, "cancelled", "cancelled-by-admin"]),
    );
    expectTypeOf<RefusalReason>().toEqualTypeOf<
      LimiterReason | "cancelled" | "cancelled-by-admin"
    >();
  });

  it.each(["", "of-tomorrow", "constructor"])("is false for %j, which is no reason", (text) => {
    expect(isRefusalReason(text)).toBe(false);
  });
});

describe("fieldsOfReason", () => {
  it("gives the row of a reason", () => {
    expect(fieldsOfReason("timeout")).toBe(reasonFields.timeout);
  });

  it.each(["", "of-tomorrow", "toString"])("gives nothing for %j, which is no reason", (text) => {
    expect(fieldsOfReason(text)).toEqual({});
  });
});
