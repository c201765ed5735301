/** The linter's rules for retired words, with a name or a phrase of each kind. */
import { RuleTester } from "oxlint/plugins-dev";
import { join } from "node:path";
import { describe, it } from "vitest";

import { projectDir } from "../../serve/worker-bundle.ts";
import { names, phrases } from "../../scripts/retired-words.ts";

RuleTester.describe = describe;
RuleTester.it = it;

const tester = new RuleTester();

const fine = (code: string, path = "src/core/x.ts") => ({
  code,
  filename: join(projectDir, path),
});

const retired = (code: string, message: RegExp) => ({ ...fine(code), errors: [{ message }] });

tester.run("retired/names", names, {
  valid: [
    fine("const back = put(1); const hasInput = true;"),
    fine("const left = a - b;"),
    fine("const says = 1, lookAhead = 2;"),
    fine("interface Reservations {}"),
    fine("/** Tell the caller what is left, and put it back. */"),
    fine("const cannot = { drain: 'does not wait' };", "bench/core/peers.ts"),
  ],
  invalid: [
    retired("const hasPutBack = true;", /"hasPutBack" is retired: use `requeue`/),
    retired("const PUT_BACK_MS = 1;", /use `requeue`/),
    retired("class A { #left = 1; }", /`remaining` for tokens/),
    retired("held.left();", /`disconnected` for a caller/),
    retired("const { left } = held;", /`remaining` for tokens/),
    retired("say('x');", /what it does/),
    retired("type A = Tally;", /`Stats`/),
    retired("const MOST_KEPT = 1;", /`MAX_`/),
    retired("/** Answers, or\n * asks `drain()`. */", /"drain" is retired/),
  ],
});

tester.run("retired/phrases", phrases, {
  valid: [fine("/** Callers wait in the queue. */"), fine("const whoever = 1;")],
  invalid: [
    retired("/** Whoever waits. */", /"whoever" is retired: say "callers/),
    retired("/**\n * Told to those\n * who wait.\n */", /"those who" is retired/),
    retired("throw new Error('It begins like JSON and is none');", /"and is none" is retired/),
  ],
});
