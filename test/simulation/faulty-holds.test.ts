/**
 * Schedules of holds and permits find faults. Each test below puts one into the core, in the place of a method, and
 * asks for a schedule in which a law is broken.
 */
import { afterEach, expect, test, vi } from "vitest";

import { simulateHolding } from "../../kit/simulation/holding-simulation.ts";
import { OpenGrants } from "../../src/core/holds/open-grants.ts";
import { LimitSet } from "../../src/core/limits/limit-set.ts";
import { Permits } from "../../src/core/limits/permits.ts";
import { ReservedTokens } from "../../src/core/limits/reserved-tokens.ts";

const SEED = 1;
/** By far more than any of them takes. */
const MAX_SCHEDULES = 1_000;

/** A method as it is, to be called where another one is in its place. */
function methodOf<Target extends object, Name extends keyof Target>(target: Target, name: Name) {
  return target[name];
}

const takeChanged = methodOf(OpenGrants.prototype, "takeChanged");
const change = methodOf(OpenGrants.prototype, "change");
const open = methodOf(OpenGrants.prototype, "open");
const takeOwed = methodOf(LimitSet.prototype, "takeOwed");
const remove = methodOf(ReservedTokens.prototype, "remove");
const endLoan = methodOf(Permits.prototype, "endLoan");

afterEach(() => void vi.restoreAllMocks());

const faults: Readonly<Record<string, () => void>> = {
  "rows aren't written": () => {
    vi.spyOn(OpenGrants.prototype, "takeChanged").mockImplementation(function (this: OpenGrants) {
      takeChanged.call(this);
      return undefined;
    });
  },
  "a settlement isn't written": () => {
    vi.spyOn(OpenGrants.prototype, "takeChanged").mockImplementation(function (this: OpenGrants) {
      const rows = takeChanged.call(this)?.filter(({ grant }) => !grant.hold?.settlement);
      return rows && rows.length > 0 ? rows : undefined;
    });
  },
  "what ticks make good isn't written off": () => {
    vi.spyOn(ReservedTokens.prototype, "writeOff").mockImplementation(() => undefined);
  },
  "a token more comes back than is left": () => {
    vi.spyOn(ReservedTokens.prototype, "remove").mockImplementation(function (
      this: ReservedTokens,
      start,
    ) {
      const tokens = remove.call(this, start);
      return tokens === 0 ? 0 : tokens + 1;
    });
  },
  "a fence is used again": () => {
    vi.spyOn(OpenGrants.prototype, "open").mockImplementation(function (this: OpenGrants, opened) {
      const { permit, ...others } = open.call(this, opened);
      return permit ? { ...others, permit: { ...permit, fence: permit.fence & ~1 } } : others;
    });
  },
  "a debt is taken twice": () => {
    vi.spyOn(LimitSet.prototype, "takeOwed").mockImplementation(function (this: LimitSet, owed) {
      takeOwed.call(this, owed);
      takeOwed.call(this, owed);
    });
  },
  "a debt is forgotten": () => {
    vi.spyOn(LimitSet.prototype, "takeOwed").mockImplementation(() => undefined);
  },
  "permits are free again after a restart": () => {
    vi.spyOn(Permits.prototype, "lend").mockImplementation(() => undefined);
  },
  "two permits come back for one": () => {
    vi.spyOn(Permits.prototype, "endLoan").mockImplementation(function (
      this: Permits,
      untilMs,
      spent,
      returned,
    ) {
      endLoan.call(this, untilMs, spent, returned + 1);
    });
  },
  "what a holder says is forgotten": () => {
    vi.spyOn(OpenGrants.prototype, "change").mockImplementation(function (this: OpenGrants, state) {
      if (!state.hold?.settlement) change.call(this, state);
    });
  },
};

test.each(Object.entries(faults))("schedules find that %s", { timeout: 120_000 }, (_, put) => {
  put();
  for (let number = 1; number <= MAX_SCHEDULES; number += 1) {
    if (simulateHolding(SEED, number).faults.length > 0) return;
  }
  expect.unreachable(`No law was broken in ${MAX_SCHEDULES} schedules`);
});
