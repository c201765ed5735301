import { describe, expect, it } from "vitest";

import type { AcquireOutcome } from "../../src/client/acquire-outcome.ts";
import type { SluiceErrorReason } from "../../src/client/sluice-error.ts";

import { exitCodeOfOutcome, exitCodeOfReason } from "../../src/cli/exit-code.ts";
import { reasonFields } from "../../src/protocol/reasons.ts";

const codes = {
  "invalid-request": 64,
  unauthorized: 77,
  "admin-disabled": 77,
  "origin-not-allowed": 77,
  "host-not-allowed": 77,
  "unknown-bucket": 78,
  "illegal-configuration": 78,
  "not-found": 70,
  "unknown-hold": 70,
  "unknown-waiter": 70,
  "id-in-use": 70,
  "hold-settled": 70,
  "no-override": 64,
  "permit-lost": 76,
  "method-not-allowed": 70,
  "body-too-large": 64,
  "idempotency-key-reused": 64,
  "ticket-mismatch": 64,
  "exceeds-capacity": 64,
  "upgrade-required": 70,
  timeout: 75,
  "queue-full": 75,
  "holds-full": 75,
  cancelled: 75,
  "cancelled-by-admin": 75,
  "bucket-reset": 75,
  "internal-error": 70,
  unavailable: 69,
  "watchers-full": 69,
  "sessions-full": 69,
  "unexpected-answer": 70,
} as const satisfies Record<SluiceErrorReason, number>;

describe("exitCodeOfReason", () => {
  it.each(Object.entries(codes))("of %s is %i", (reason, code) => {
    expect(exitCodeOfReason(reason as SluiceErrorReason)).toBe(code);
  });
});

describe("exitCodeOfOutcome", () => {
  it("of a grant is 0", () => {
    expect(exitCodeOfOutcome({ ok: true } as AcquireOutcome)).toBe(0);
  });

  it.each(Object.entries(reasonFields).filter(([, { isOutcome }]) => isOutcome))(
    "of a refusal for %s is that of the reason",
    (reason) => {
      const outcome = { ok: false, reason } as AcquireOutcome;
      expect(exitCodeOfOutcome(outcome)).toBe(codes[reason as keyof typeof codes]);
    },
  );
});
