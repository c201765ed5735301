/**
 * `sluice policy apply` and `sluice policy rollback`: puts the policies of a file in force for single buckets, as
 * overrides, before or without a deployment; and takes that back.
 */
import type { Terminal } from "../terminal.ts";

import { SluiceError } from "../../client/sluice-error.ts";
import { exitCodes } from "../exit-code.ts";
import { ConfigurationError } from "./configuration.ts";
import { deployedRows } from "./deployed-rows.ts";
import { raisedCalendars, refusedIn, refusedText } from "./effect.ts";
import { Operator, type OperatorPlace } from "./operator.ts";
import { changesBetween, completeChanges, policyOf } from "./policy-rows.ts";

/** Parsed arguments of `sluice policy apply`. */
export interface ApplyCommand {
  readonly file: string;
  readonly env: string | undefined;
  readonly buckets: readonly string[];
  /** Why, for people who look at the bucket later. */
  readonly note: string;
}

/**
 * Resolves with the exit code. Rejects at the first bucket whose policy can't be set; those before it have theirs,
 * which is printed.
 *
 * @throws {ConfigurationError} (as a rejection) If the file can't be read, or has no policy for one of the buckets;
 * then nothing is changed.
 */
export async function apply(
  { file, env, buckets, note }: ApplyCommand,
  place: OperatorPlace,
  terminal: Terminal,
): Promise<number> {
  const rows = deployedRows(file, env, terminal);
  if (!rows) return exitCodes.configuration;
  const chosen = buckets.map((bucket) => {
    const policy = policyOf(rows, bucket);
    if (policy) return { bucket, policy };
    throw new ConfigurationError(`No policy in ${file} matches the bucket ${bucket}`);
  });
  const operator = new Operator(place, terminal.signal);
  for (const { bucket, policy } of chosen) {
    // A change of nothing: to learn the bucket's policy takes no more than the right to change it.
    const { snapshot } = await operator.dryRun(bucket, {});
    const before = snapshot.policy;
    const complete = completeChanges(policy, before);
    // The answer to the change itself doesn't tell who was refused. Callers may have come or gone in between.
    const run = await operator.dryRun(bucket, complete);
    const after = await operator.override(bucket, { ...complete, note });
    const changes = changesBetween(before, after.policy).join(", ");
    terminal.print(`${bucket}: ${changes === "" ? "the same policy as before" : changes}`);
    for (const { limit } of raisedCalendars(before, after.policy)) {
      const { tokens, nextTickAtMs } = after.limits?.[limit] ?? after;
      const next = new Date(nextTickAtMs).toISOString();
      terminal.print(`  ${limit}: ${tokens} tokens now, and no more before ${next}`);
    }
    if (snapshot.waiters > 0) {
      const refused = refusedText(refusedIn(run), "refused");
      terminal.print(
        `  of ${snapshot.waiters} waiting: ${refused}, ${run.moved} granted at another time`,
      );
    }
  }
  return exitCodes.ok;
}

/**
 * Takes the last override of a bucket back: the one before it is in force again, if there was one, and otherwise the
 * configured policy. Resolves with the exit code.
 */
export async function rollback(
  bucket: string,
  place: OperatorPlace,
  { signal, print }: Terminal,
): Promise<number> {
  const operator = new Operator(place, signal);
  // Asked first, because of overrides only one before the last is kept: if an attempt whose answer is lost has gone
  // back to it, the next attempt finds none before it, and must not go further back.
  const before = (await operator.dryRun(bucket, {})).snapshot;
  const { override } = before;
  const to = override?.hasPrevious === true ? "previous" : "configured";
  const { policy, ...after } = await operator.dropOverride(bucket, to).catch(async (error) => {
    const isLost = override && error instanceof SluiceError && error.reason === "no-override";
    if (!isLost) throw error;
    return (await operator.dryRun(bucket, {})).snapshot;
  });
  const inForce = after.override
    ? "the override before the last one"
    : `the configured policy ${JSON.stringify(policy.name)}`;
  print(`${bucket}: ${inForce} is in force again`);
  if (before.waiters > 0) {
    const refused = Math.max(0, after.refused - before.refused);
    print(`  of ${before.waiters} waiting: ${refused} refused`);
  }
  return exitCodes.ok;
}
