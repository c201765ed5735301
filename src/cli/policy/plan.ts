/**
 * `sluice policy plan`: what the policies of a file would change once they are deployed, and what that would do to
 * callers who wait now. Changes nothing.
 */
import type { BusyBucket } from "../../protocol/busy-bucket.ts";
import type { Terminal } from "../terminal.ts";
import type { PolicyPlan } from "./policy-plan.ts";

import { SluiceError } from "../../client/sluice-error.ts";
import { exitCodes } from "../exit-code.ts";
import { deployedRows } from "./deployed-rows.ts";
import { refusedIn, refusedText, type RefusedCounts } from "./effect.ts";
import { Operator, type OperatorPlace } from "./operator.ts";
import { PolicyPlan as Plan } from "./policy-plan.ts";
import { completeChanges } from "./policy-rows.ts";

/** Parsed arguments of `sluice policy plan`. */
export interface PlanCommand {
  readonly file: string | undefined;
  readonly env: string | undefined;
  readonly isJson: boolean;
}

/** Dry runs at the same time: each copies a queue in its bucket. */
const RUNS_AT_ONCE = 8;

/** A busy bucket that the plan concerns. */
interface TriedBucket {
  readonly bucket: string;
  /** Who would be left in the queue. */
  readonly waiters: number;
  /** How many of them would be refused, by reason. */
  readonly refused: RefusedCounts;
  readonly moved: number;
  /** Set if it couldn't be tried, and why. */
  readonly fault?: string;
}

/** Resolves with the exit code. Rejects if the policies in force can't be read. */
export async function plan(
  { file, env, isJson }: PlanCommand,
  place: OperatorPlace,
  terminal: Terminal,
): Promise<number> {
  const rows = deployedRows(file, env, terminal);
  if (!rows) return exitCodes.configuration;
  const operator = new Operator(place, terminal.signal);
  const found = new Plan(await operator.policies(), rows);
  const tried = found.isEmpty ? [] : await tryBusyBuckets(operator, found, terminal);
  if (isJson) terminal.print(JSON.stringify(bodyOf(found, tried)));
  else for (const line of linesOf(found, tried)) terminal.print(line);
  return found.isEmpty ? exitCodes.ok : exitCodes.changes;
}

/** What the plan would do to the buckets that are busy now, those with the most waiters first. */
async function tryBusyBuckets(
  operator: Operator,
  found: PolicyPlan,
  { note }: Terminal,
): Promise<readonly TriedBucket[]> {
  const busy = await operator.busyBuckets().catch((error: unknown) => {
    if (!(error instanceof SluiceError)) throw error;
    note(`Waiting callers are not looked at: ${error.message}`);
    return { buckets: [], omitted: 0 };
  });
  if (busy.omitted > 0) note(`${busy.omitted} more busy buckets are not looked at`);
  const concerned = busy.buckets.filter(({ bucket, isOverridden }) => {
    return !isOverridden && found.concerned(bucket) !== undefined;
  });
  const tried: TriedBucket[] = [];
  for (let at = 0; at < concerned.length; at += RUNS_AT_ONCE) {
    const some = concerned.slice(at, at + RUNS_AT_ONCE);
    tried.push(...(await Promise.all(some.map((bucket) => tryOut(operator, found, bucket)))));
  }
  return tried;
}

async function tryOut(
  operator: Operator,
  found: PolicyPlan,
  { bucket, waiters }: BusyBucket,
): Promise<TriedBucket> {
  const { before, after } = found.concerned(bucket) ?? {};
  const untried = { bucket, waiters, refused: {}, moved: 0 };
  if (!before || !after) return { ...untried, fault: "no policy matches it any more" };
  try {
    const run = await operator.dryRun(bucket, completeChanges(after, before));
    return { bucket, waiters: run.snapshot.waiters, refused: refusedIn(run), moved: run.moved };
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    return { ...untried, fault: error.message };
  }
}

function bodyOf(found: PolicyPlan, buckets: readonly TriedBucket[]): object {
  const { added, removed, hidden, outside } = found;
  const changed = found.changed.map(({ pattern, changes }) => ({ pattern, changes }));
  return { added, removed, changed, hidden, outside, buckets };
}

function* linesOf(found: PolicyPlan, tried: readonly TriedBucket[]): Generator<string> {
  if (found.isEmpty) yield "No changes: the policies of the file are in force";
  for (const { name } of found.added) yield `+ ${JSON.stringify(name)}`;
  for (const { name } of found.removed) yield `- ${JSON.stringify(name)}`;
  for (const { pattern, changes, raised } of found.changed) {
    yield `~ ${JSON.stringify(pattern)}`;
    for (const change of changes) yield `    ${change}`;
    for (const { limit, every } of raised) {
      yield `    (${limit}: buckets in use get no more tokens before the next ${every})`;
    }
  }
  for (const { bucket, note } of found.hidden) {
    const why = note === undefined ? "" : ` (${note})`;
    yield `! ${bucket} keeps its override${why}`;
  }
  for (const bucket of tried) yield `  ${bucket.bucket}: ${effectOf(bucket)}`;
  if (found.outside.length > 0) {
    const patterns = found.outside.map((pattern) => JSON.stringify(pattern)).join(", ");
    yield `Not compared, because the key is not good for them: ${patterns}`;
  }
}

function effectOf({ waiters, refused, moved, fault }: TriedBucket): string {
  if (fault !== undefined) return `${waiters} waiting; not tried: ${fault}`;
  return `${refusedText(refused, "would be refused")}, ${moved} granted at another time`;
}
