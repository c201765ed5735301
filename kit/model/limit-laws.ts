/**
 * The laws that every kind of limit has to pass. The core's promises rest on them (see
 * src/core/limits/limit.ts), so a new kind is run through them first; docs/design/limits.md says how.
 *
 * They are a list of named properties, not tests: one test registers them for each kind, and another one
 * asks which of them a faulty kind breaks.
 */
import * as fc from "fast-check";
import { expect } from "vitest";

import type { ClosedForm, LimitKind, LimitFields } from "../../src/core/limits/limit.ts";

import { limitSpec } from "../../src/core/limits/limit.ts";
import { LimitSet } from "../../src/core/limits/limit-set.ts";
import { LookAhead } from "../../src/core/limits/look-ahead.ts";
import {
  anyAmount,
  anyLoanMs,
  anyLimitStep,
  anyMs,
  DrivenLimit,
  fold,
  type LimitPast,
  type LimitStep,
} from "./driven-limit.ts";
import { anyBatching, anyGrantHistory, GrantedWindows } from "./granted-windows.ts";
import { epochMs } from "./limiters.ts";

/** One law over one kind. */
export interface LimitLaw {
  readonly name: string;
  /** What breaks it: the smallest case that is found, with its seed; `undefined` if nothing does. */
  counterexample(parameters: LawParameters): string | undefined;
}

type LawParameters = Pick<fc.Parameters, "numRuns" | "seed" | "endOnFailure">;

/** What a law draws for one kind. */
interface Draws<Fields extends LimitFields> {
  readonly kind: LimitKind<Fields>;
  readonly anyFields: fc.Arbitrary<Fields>;
  /** All kinds of steps. */
  readonly anySteps: fc.Arbitrary<LimitStep<Fields>[]>;
  /** For `DrivenLimit.after`. */
  readonly anyPast: fc.Arbitrary<LimitPast<Fields>>;
}

/**
 * The laws for a kind.
 *
 * @param anyFields Fields that behave differently. Small numbers find more: a capacity up to about 12, and
 * what brings tokens within some 100 ms.
 */
export function limitLaws<Fields extends LimitFields>(
  kind: LimitKind<Fields>,
  anyFields: fc.Arbitrary<Fields>,
): readonly LimitLaw[] {
  const anySteps = fc.array(anyLimitStep(anyFields), { maxLength: 20 });
  const anyPast = fc.record({ fields: anyFields, steps: anySteps });
  const draws: Draws<Fields> = { kind, anyFields, anySteps, anyPast };
  return [
    law("starts now, with at most its capacity", startsNow(draws)),
    law("what is there stays there until somebody takes it", isPersistent(draws)),
    law("msUntil is the first instant at which so many are there", saysWhen(draws)),
    law("nothing comes in before nextGainAtMs", gainsWhenItSays(draws)),
    law("taking earlier is never worse", earlierIsNeverWorse(draws)),
    law("a waiter that leaves only helps those behind it", leavingOnlyHelps(draws)),
    law("a loan lowers what is there by just what is lent", loansLowerByTheirTokens(draws)),
    law("a loan that is returned leaves no trace", returnedLeavesNoTrace(draws)),
    law("what is given back leaves no trace", givenBackLeavesNoTrace(draws)),
    law("missing is what there is room for", saysWhatFits(draws)),
    law("a loan that ends is spent or returned, as the kind says", loansEndAsSaid(draws)),
    law("a loan is ended for no more than is out", endsWhatIsOut(draws)),
    law("all who grant from it give no more than it would by itself", givesAsOne(draws)),
    law("never more than maxGranted in any window", givesNoMoreThanItSays(draws)),
    law("a copy is apart", copyIsApart(draws)),
    law("its state comes back from JSON", comesBackFromJson(draws)),
    law("many steps do what one does", manyStepsAreOne(draws)),
    law("an earlier instant changes nothing", earlierChangesNothing(draws)),
    law("a run is served as its waiters are one by one", runIsOneByOne(draws)),
    law("a pause brings nothing while it lasts", pauseBringsNothing(draws)),
    law("a pause never leaves more than there would be without it", pauseNeverHelps(draws)),
    law("other fields bring no token", fieldsBringNothing(draws)),
  ];
}

function law<Ts>(name: string, property: fc.IProperty<Ts>): LimitLaw {
  return {
    name,
    counterexample: (parameters) =>
      fc.defaultReportMessage(fc.check(property, { includeErrorInReport: true, ...parameters })),
  };
}

function startsNow<Fields extends LimitFields>({ kind, anyFields }: Draws<Fields>) {
  return fc.property(anyFields, anyMs, (fields, ms) => {
    const nowMs = epochMs + ms;
    const limit = kind.start(fields, nowMs);
    expect(limit.tokens).toBeGreaterThanOrEqual(0);
    expect(limit.tokens).toBeLessThanOrEqual(limit.capacity);
    expect([limit.startedAtMs, limit.reachedAtMs]).toEqual([nowMs, nowMs]);
    expect([limit.lent, limit.pausedUntilMs]).toEqual([undefined, undefined]);
    expect(limit.nextGainAtMs).toBeGreaterThan(nowMs);
    expect(limit.toJSON().kind).toBe(kind.name);
    const maxBatch = kind.maxBatch(fields);
    expect(Number.isSafeInteger(maxBatch)).toBe(true);
    expect(maxBatch).toBeGreaterThanOrEqual(0);
    expect(maxBatch).toBeLessThanOrEqual(limit.capacity);
  });
}

function isPersistent<Fields extends LimitFields>({ kind, anyPast }: Draws<Fields>) {
  return fc.property(anyPast, fc.array(anyMs, { maxLength: 10 }), (past, waits) => {
    const driven = DrivenLimit.after(kind, past);
    const { limit } = driven;
    for (const ms of waits) {
      const { tokens, pausedTokens } = limit;
      driven.passTo(driven.nowMs + ms);
      expect(limit.tokens).toBeGreaterThanOrEqual(tokens);
      // What comes in, comes in beside what is out; what was put aside was there before.
      expect(limit.tokens).toBeLessThanOrEqual(
        Math.max(tokens + pausedTokens, limit.capacity - driven.lentTokens),
      );
      expect(limit.lent?.tokens).not.toBe(0);
    }
  });
}

function saysWhen<Fields extends LimitFields>({ kind, anyPast }: Draws<Fields>) {
  return fc.property(anyPast, anyAmount, anyMs, (past, drawn, ms) => {
    const driven = DrivenLimit.after(kind, past);
    const { limit, nowMs } = driven;
    const tokens = fold(drawn, limit.capacity);
    const untilMs = limit.msUntil(tokens, nowMs);
    // From any instant it is the same one, and more tokens aren't there any sooner.
    expect(limit.msUntil(tokens, nowMs - ms)).toBe(untilMs + ms);
    if (tokens > 1) expect(limit.msUntil(tokens - 1, nowMs)).toBeLessThanOrEqual(untilMs);
    if (tokens <= limit.tokens) {
      expect(untilMs).toBe(limit.reachedAtMs - nowMs);
      return;
    }
    expect(untilMs).toBeGreaterThan(0);
    if (kind.forecast === "estimate") return;
    const early = driven.fork();
    early.passTo(untilMs === Infinity ? nowMs + ms : nowMs + untilMs - 1);
    expect(early.limit.tokens).toBeLessThan(tokens);
    if (untilMs === Infinity) return;
    driven.passTo(nowMs + untilMs);
    expect(limit.tokens).toBeGreaterThanOrEqual(tokens);
  });
}

function gainsWhenItSays<Fields extends LimitFields>({ kind, anyPast }: Draws<Fields>) {
  return fc.property(anyPast, (past) => {
    const driven = DrivenLimit.after(kind, past);
    const { limit, nowMs } = driven;
    const { nextGainAtMs, tokens } = limit;
    expect(nextGainAtMs).toBeGreaterThan(nowMs);
    if (kind.forecast === "estimate" || kind.atLoanEnd === "returned") return;
    const { isPaused } = driven;
    driven.passTo(nextGainAtMs - 1);
    expect(limit.tokens).toBe(tokens);
    driven.passTo(nextGainAtMs);
    const hasRoom = tokens < limit.capacity - driven.lentTokens;
    // What came in during the pause may have found less room.
    if (isPaused && limit.tokens === tokens) return;
    expect(limit.tokens > tokens).toBe(hasRoom);
  });
}

function earlierIsNeverWorse<Fields extends LimitFields>({ kind, anyPast }: Draws<Fields>) {
  const anyWaits = fc.array(fc.tuple(anyMs, anyAmount), { minLength: 1, maxLength: 8 });
  return fc.property(anyPast, anyAmount, anyWaits, (past, drawn, waits) => {
    const early = DrivenLimit.after(kind, past);
    early.passUntil(1);
    const late = early.fork();
    const taken = early.take(drawn);
    const [[firstMs] = [0], ...others] = waits;
    for (const one of [early, late]) one.passTo(one.nowMs + firstMs);
    // It is there still.
    if (taken > 0) late.limit.take(taken);
    expect(early.limit.tokens).toBeGreaterThanOrEqual(late.limit.tokens);
    for (const [ms, amount] of others) {
      for (const one of [early, late]) one.passTo(one.nowMs + ms);
      const tokens = late.take(amount);
      if (tokens > 0) early.limit.take(tokens);
      expect(early.limit.tokens).toBeGreaterThanOrEqual(late.limit.tokens);
    }
  });
}

function leavingOnlyHelps<Fields extends LimitFields>({ kind, anyPast }: Draws<Fields>) {
  const anyQueue = fc.array(anyAmount, { minLength: 2, maxLength: 8 });
  return fc.property(anyPast, anyQueue, fc.nat(7), (past, drawn, pick) => {
    const { limit, fields } = DrivenLimit.after(kind, past);
    // What brings tokens isn't time alone, so a queue can't be played out.
    if (kind.forecast === "estimate") return;
    const limits = LimitSet.restore([limitSpec("one", kind, fields)], [limit.toJSON()]);
    const costs = drawn.map((amount) => fold(amount, limit.capacity));
    const leaves = pick % costs.length;
    const all = new LookAhead(limits);
    const fewer = new LookAhead(limits);
    costs.forEach((cost, index) => {
      const atMs = all.serve(cost);
      if (index !== leaves) expect(fewer.serve(cost)).toBeLessThanOrEqual(atMs);
    });
  });
}

function loansLowerByTheirTokens<Fields extends LimitFields>({ kind, anyPast }: Draws<Fields>) {
  const anyUse = fc.array(fc.tuple(anyMs, anyAmount), { maxLength: 10 });
  return fc.property(anyPast, anyAmount, anyLoanMs, anyUse, (past, drawn, loanMs, use) => {
    const plain = DrivenLimit.after(kind, past);
    const lent = plain.fork();
    const tokens = lent.lend(drawn, loanMs);
    const endAtMs = lent.nowMs + loanMs;
    const lowered = () => [plain.limit.tokens - tokens, plain.lentTokens + tokens];
    expect([lent.limit.tokens, lent.lentTokens]).toEqual(lowered());
    for (const [ms, amount] of use) {
      for (const one of [plain, lent]) one.passTo(one.nowMs + ms);
      if (lent.nowMs < endAtMs) {
        expect([lent.limit.tokens, lent.lentTokens]).toEqual(lowered());
      }
      const taken = lent.take(amount);
      if (taken > 0) plain.limit.take(taken);
    }
  });
}

function returnedLeavesNoTrace<Fields extends LimitFields>({ kind, anyPast }: Draws<Fields>) {
  const anyUse = fc.array(fc.tuple(anyMs, anyAmount), { maxLength: 4 });
  return fc.property(anyPast, fc.tuple(anyAmount, anyAmount), anyUse, (past, drawn, use) => {
    const plain = DrivenLimit.after(kind, past);
    const lent = plain.fork();
    const tokens = lent.lend(drawn[0], 100_000);
    const endAtMs = lent.nowMs + 100_000;
    if (tokens === 0) return;
    for (const [ms, amount] of use) {
      for (const one of [plain, lent]) one.passTo(one.nowMs + ms);
      const taken = lent.take(amount);
      if (taken > 0) plain.limit.take(taken);
    }
    const spent = drawn[1] % (tokens + 1);
    lent.limit.endLoan(endAtMs, spent, tokens - spent);
    if (lent.isPaused) {
      expect(lent.limit.tokens).toBe(plain.limit.tokens - tokens);
      return;
    }
    if (spent > 0) plain.limit.take(spent);
    expect(lent.view()).toEqual(plain.view());
  });
}

function givenBackLeavesNoTrace<Fields extends LimitFields>({ kind, anyPast }: Draws<Fields>) {
  const anyUse = fc.array(fc.tuple(anyMs, anyAmount), { maxLength: 4 });
  return fc.property(anyPast, fc.tuple(anyAmount, anyAmount), anyUse, (past, drawn, use) => {
    const plain = DrivenLimit.after(kind, past);
    const used = plain.fork();
    const tokens = used.take(drawn[0]);
    let rest = tokens;
    for (const [ms, amount] of use) {
      plain.passTo(plain.nowMs + ms);
      // What comes in makes good what there is no room for any more, at the end of a loan as well.
      for (const atMs of [...endsBy(used, plain.nowMs), plain.nowMs]) {
        used.passTo(atMs);
        rest = Math.min(rest, Math.max(0, used.limit.missing));
      }
      const taken = used.take(amount);
      if (taken > 0) plain.limit.take(taken);
    }
    const unused = Math.min(rest, drawn[1] % (tokens + 1));
    const before = used.view();
    const back = used.limit.giveBack(unused);
    if (back === 0) {
      // Nothing comes back of a kind whose loans do by themselves.
      if (kind.atLoanEnd === "spent") expect(unused === 0 || used.isPaused).toBe(true);
      expect(used.view()).toEqual(before);
      return;
    }
    expect(back).toBe(unused);
    if (rest > unused) plain.limit.take(rest - unused);
    // What comes back in a pause may be there only after it.
    for (const one of [plain, used]) one.limit.resume(one.nowMs);
    expect(used.view()).toEqual(plain.view());
  });
}

/** The last instants before loans end, up to `nowMs`. */
function endsBy<Fields extends LimitFields>({ limit }: DrivenLimit<Fields>, nowMs: number) {
  const ends = limit.lent?.toJSON().map(({ untilMs }) => untilMs - 1) ?? [];
  return ends.filter((atMs) => atMs < nowMs);
}

function saysWhatFits<Fields extends LimitFields>({ kind, anyPast }: Draws<Fields>) {
  return fc.property(anyPast, fc.array(anyMs, { maxLength: 4 }), (past, waits) => {
    const driven = DrivenLimit.after(kind, past);
    const { limit } = driven;
    for (const ms of [0, ...waits]) {
      driven.passTo(driven.nowMs + ms);
      const room = limit.capacity - driven.lentTokens - limit.tokens;
      // A pause may have put some aside.
      if (driven.isPaused) expect(limit.missing).toBeLessThanOrEqual(room);
      else expect(limit.missing).toBe(room);
    }
  });
}

function loansEndAsSaid<Fields extends LimitFields>({ kind, anyPast }: Draws<Fields>) {
  return fc.property(anyPast, anyAmount, anyLoanMs, anyMs, (past, drawn, loanMs, ms) => {
    const ended = DrivenLimit.after(kind, past);
    const isSpent = kind.atLoanEnd === "spent";
    // The batch of an instance that is gone would come back while callers have it.
    if (!isSpent) expect(kind.maxBatch(ended.fields)).toBe(0);
    const tokens = ended.lend(drawn, loanMs);
    if (tokens === 0) return;
    const endAtMs = ended.nowMs + loanMs;
    const settled = ended.fork();
    settled.passTo(endAtMs - 1);
    settled.limit.endLoan(endAtMs, isSpent ? tokens : 0, isSpent ? 0 : tokens);
    for (const one of [settled, ended]) one.passTo(endAtMs + ms);
    expect(ended.view()).toEqual(settled.view());
  });
}

function endsWhatIsOut<Fields extends LimitFields>({ kind, anyPast }: Draws<Fields>) {
  const anyTokens = fc.nat(12);
  return fc.property(
    ...([anyPast, anyAmount, anyLoanMs, anyMs, anyTokens, anyTokens] as const),
    (past, drawn, loanMs, ms, spent, returned) => {
      const driven = DrivenLimit.after(kind, past);
      driven.lend(drawn, loanMs);
      const endAtMs = driven.nowMs + loanMs;
      driven.passTo(driven.nowMs + ms);
      const { limit } = driven;
      const outUntil = (sums = limit.lent?.toJSON()) =>
        sums?.find(({ untilMs }) => untilMs === endAtMs)?.tokens ?? 0;
      const [out, tokens, held] = [outUntil(), limit.tokens, driven.lentTokens];
      const before = driven.view();
      limit.endLoan(endAtMs, spent, returned);
      if (out === 0) {
        expect(driven.view()).toEqual(before);
        return;
      }
      const settled = Math.min(out, spent + returned);
      const back = settled - Math.min(out, spent);
      expect([outUntil(), driven.lentTokens]).toEqual([out - settled, held - settled]);
      const room = limit.capacity - driven.lentTokens;
      const isBack = driven.isPaused ? 0 : Math.min(back, Math.max(0, room - tokens));
      expect(limit.tokens).toBe(tokens + isBack);
    },
  );
}

function givesAsOne<Fields extends LimitFields>({ kind, anyFields }: Draws<Fields>) {
  const anyHistory = anyGrantHistory(anyFields);
  return fc.property(anyFields, anyBatching, anyHistory, (fields, batching, history) => {
    const windows = new GrantedWindows(kind, fields, batching);
    // A clock that jumps back makes their order another one than that of their instants.
    for (const step of history) if (step.kind !== "jump") windows.play(step);
    expect(windows.unpaid).toEqual([]);
  });
}

function givesNoMoreThanItSays<Fields extends LimitFields>({ kind, anyFields }: Draws<Fields>) {
  const anyHistory = anyGrantHistory(anyFields);
  return fc.property(anyFields, anyBatching, anyHistory, (fields, batching, history) => {
    const windows = new GrantedWindows(kind, fields, batching);
    for (const step of history) windows.play(step);
    expect(windows.tooFull()).toEqual([]);
  });
}

function copyIsApart<Fields extends LimitFields>({ kind, anyPast, anySteps }: Draws<Fields>) {
  return fc.property(anyPast, anySteps, (past, steps) => {
    const driven = DrivenLimit.after(kind, past);
    const copy = driven.fork();
    expect(copy.view()).toEqual(driven.view());
    const unused = driven.view();
    for (const step of steps) copy.play(step);
    expect(driven.view()).toEqual(unused);
    const used = copy.view();
    for (const step of steps) driven.play(step);
    expect(copy.view()).toEqual(used);
    expect(driven.view()).toEqual(used);
  });
}

function comesBackFromJson<Fields extends LimitFields>({ kind, anyPast, anySteps }: Draws<Fields>) {
  return fc.property(anyPast, anySteps, (past, steps) => {
    const driven = DrivenLimit.after(kind, past);
    const restored = driven.reread();
    expect(driven.limit.toJSON().kind).toBe(kind.name);
    expect(restored.view()).toEqual(driven.view());
    for (const step of steps) {
      driven.play(step);
      restored.play(step);
      expect(restored.view()).toEqual(driven.view());
    }
    expect(restored.limit.toJSON()).toEqual(driven.limit.toJSON());
  });
}

function manyStepsAreOne<Fields extends LimitFields>({ kind, anyPast }: Draws<Fields>) {
  return fc.property(anyPast, fc.array(anyMs, { minLength: 1, maxLength: 12 }), (past, waits) => {
    const split = DrivenLimit.after(kind, past);
    const bulk = split.fork();
    for (const ms of waits) split.passTo(split.nowMs + ms);
    bulk.passTo(split.nowMs);
    expect(split.view()).toEqual(bulk.view());
    expect(split.limit.reachedAtMs).toBeLessThanOrEqual(split.nowMs);
  });
}

function earlierChangesNothing<Fields extends LimitFields>({ kind, anyPast }: Draws<Fields>) {
  return fc.property(anyPast, fc.integer({ min: 0, max: 2_000 }), (past, ms) => {
    const driven = DrivenLimit.after(kind, past);
    const before = [driven.view(), driven.limit.toJSON()];
    driven.limit.advance(driven.nowMs - ms);
    expect([driven.view(), driven.limit.toJSON()]).toEqual(before);
  });
}

function runIsOneByOne<Fields extends LimitFields>({ kind, anyFields }: Draws<Fields>) {
  const anyStep = anyLimitStep(anyFields, ["pass", "take", "pause", "resume", "reconfigure"]);
  const anyQueue = fc.array(anyAmount, { maxLength: 20 });
  return fc.property(anyFields, fc.array(anyStep), anyQueue, (fields, steps, drawn) => {
    const single = DrivenLimit.after(kind, { fields, steps });
    const run = single.fork();
    const closedForm: ClosedForm | undefined = run.limit.closedForm;
    if (!closedForm) return;
    const costs = drawn
      .map((amount) => fold(amount, run.limit.capacity))
      .filter((cost) => closedForm.covers(cost));
    for (const cost of costs) {
      const { reachedAtMs } = single.limit;
      single.limit.advance(reachedAtMs + single.limit.msUntil(cost, reachedAtMs));
      single.limit.take(cost);
    }
    closedForm.takeRun(costs.reduce((sum, cost) => sum + cost, 0));
    expect(run.view()).toEqual(single.view());
  });
}

function pauseBringsNothing<Fields extends LimitFields>({ kind, anyPast }: Draws<Fields>) {
  const anyKept = fc.oneof(fc.constant(0), fc.nat(12));
  const anyWaits = fc.array(anyMs, { maxLength: 6 });
  return fc.property(anyPast, fc.nat(200), anyKept, anyWaits, (past, ms, kept, waits) => {
    const driven = DrivenLimit.after(kind, past);
    const { limit, nowMs } = driven;
    const before = driven.view();
    const hasChanged = limit.pause(nowMs + ms, kept, nowMs);
    if (ms === 0) {
      expect([hasChanged, driven.view()]).toEqual([false, before]);
      return;
    }
    const tokens = Math.min(before.tokens, kept);
    const pausedUntilMs = Math.max(before.pausedUntilMs ?? -Infinity, nowMs + ms);
    expect(driven.view()).toMatchObject({ tokens, pausedUntilMs, lent: before.lent });
    const isOther = tokens < before.tokens || pausedUntilMs !== before.pausedUntilMs;
    expect(hasChanged).toBe(isOther);
    for (const waitMs of waits) {
      driven.passTo(Math.min(driven.nowMs + waitMs, pausedUntilMs - 1));
      expect([limit.tokens, limit.pausedUntilMs]).toEqual([tokens, pausedUntilMs]);
    }
    // What it has put aside is there when it ends, and nothing else.
    const all = tokens + limit.pausedTokens;
    const ended = driven.fork();
    ended.passTo(pausedUntilMs);
    expect(ended.limit.pausedUntilMs).toBeUndefined();
    expect(ended.limit.tokens).toBeGreaterThanOrEqual(all);
    expect(limit.resume(driven.nowMs)).toBe(true);
    expect([limit.tokens, limit.pausedTokens, limit.pausedUntilMs]).toEqual([all, 0, undefined]);
    expect(limit.resume(driven.nowMs)).toBe(false);
    expect(limit.nextGainAtMs).toBeGreaterThan(driven.nowMs);
  });
}

function pauseNeverHelps<Fields extends LimitFields>({ kind, anyPast, anyFields }: Draws<Fields>) {
  const anyStep = anyLimitStep(anyFields, ["pass", "take", "lend", "endLoan", "pause", "resume"]);
  return fc.property(anyPast, fc.array(anyStep, { maxLength: 20 }), (past, steps) => {
    const plain = DrivenLimit.after(kind, past);
    plain.limit.resume(plain.nowMs);
    const paused = plain.fork();
    for (const step of steps) {
      if (step.kind === "take") {
        const tokens = paused.take(step.tokens);
        if (tokens > 0) plain.limit.take(tokens);
      } else {
        paused.play(step);
        if (step.kind !== "pause" && step.kind !== "resume") plain.play(step);
      }
      const { tokens, pausedTokens } = paused.limit;
      expect(pausedTokens).toBeGreaterThanOrEqual(0);
      expect(tokens + pausedTokens).toBeLessThanOrEqual(plain.limit.tokens);
      expect(paused.limit.lent?.toJSON()).toEqual(plain.limit.lent?.toJSON());
    }
  });
}

function fieldsBringNothing<Fields extends LimitFields>({
  kind,
  anyPast,
  anyFields,
}: Draws<Fields>) {
  const anyChanges = fc.array(anyFields, { minLength: 1, maxLength: 6 });
  return fc.property(anyPast, anyChanges, (past, changes) => {
    const driven = DrivenLimit.after(kind, past);
    const { limit, nowMs } = driven;
    for (const fields of changes) {
      const before = driven.view();
      driven.play({ kind: "reconfigure", fields });
      const room = Math.max(0, limit.capacity - driven.lentTokens);
      expect(limit.tokens).toBe(Math.min(before.tokens, room));
      const { lent, startedAtMs, pausedUntilMs } = before;
      expect(driven.view()).toMatchObject({ lent, startedAtMs, pausedUntilMs });
      // Nor does this very instant, which is over for the new fields, too.
      const changed = driven.view();
      driven.passTo(nowMs);
      expect(driven.view()).toEqual(changed);
      expect(limit.nextGainAtMs).toBeGreaterThan(nowMs);
    }
  });
}
