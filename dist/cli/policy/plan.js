import { SluiceError } from "../../client/sluice-error.js";
import { exitCodes } from "../exit-code.js";
import { deployedRows } from "./deployed-rows.js";
import { refusedIn, refusedText } from "./effect.js";
import { Operator } from "./operator.js";
import { PolicyPlan as Plan } from "./policy-plan.js";
import { completeChanges } from "./policy-rows.js";
/** Dry runs at the same time: each copies a queue in its bucket. */
const RUNS_AT_ONCE = 8;
/** Resolves with the exit code. Rejects if the policies in force can't be read. */
export async function plan({ file, env, isJson }, place, terminal) {
    const rows = deployedRows(file, env, terminal);
    if (!rows)
        return exitCodes.configuration;
    const operator = new Operator(place, terminal.signal);
    const found = new Plan(await operator.policies(), rows);
    const tried = found.isEmpty ? [] : await tryBusyBuckets(operator, found, terminal);
    if (isJson)
        terminal.print(JSON.stringify(bodyOf(found, tried)));
    else
        for (const line of linesOf(found, tried))
            terminal.print(line);
    return found.isEmpty ? exitCodes.ok : exitCodes.changes;
}
/** What the plan would do to the buckets that are busy now, those with the most waiters first. */
async function tryBusyBuckets(operator, found, { note }) {
    const busy = await operator.busyBuckets().catch((error) => {
        if (!(error instanceof SluiceError))
            throw error;
        note(`Waiting callers are not looked at: ${error.message}`);
        return { buckets: [], omitted: 0 };
    });
    if (busy.omitted > 0)
        note(`${busy.omitted} more busy buckets are not looked at`);
    const concerned = busy.buckets.filter(({ bucket, isOverridden }) => {
        return !isOverridden && found.concerned(bucket) !== undefined;
    });
    const tried = [];
    for (let at = 0; at < concerned.length; at += RUNS_AT_ONCE) {
        const some = concerned.slice(at, at + RUNS_AT_ONCE);
        tried.push(...(await Promise.all(some.map((bucket) => tryOut(operator, found, bucket)))));
    }
    return tried;
}
async function tryOut(operator, found, { bucket, waiters }) {
    const { before, after } = found.concerned(bucket) ?? {};
    const untried = { bucket, waiters, refused: {}, moved: 0 };
    if (!before || !after)
        return { ...untried, fault: "no policy matches it any more" };
    try {
        const run = await operator.dryRun(bucket, completeChanges(after, before));
        return { bucket, waiters: run.snapshot.waiters, refused: refusedIn(run), moved: run.moved };
    }
    catch (error) {
        if (!(error instanceof SluiceError))
            throw error;
        return { ...untried, fault: error.message };
    }
}
function bodyOf(found, buckets) {
    const { added, removed, changed, hidden, outside } = found;
    return { added, removed, changed, hidden, outside, buckets };
}
function* linesOf(found, tried) {
    if (found.isEmpty)
        yield "No changes: the policies of the file are in force";
    for (const { name } of found.added)
        yield `+ ${JSON.stringify(name)}`;
    for (const { name } of found.removed)
        yield `- ${JSON.stringify(name)}`;
    for (const { pattern, changes } of found.changed) {
        yield `~ ${JSON.stringify(pattern)}`;
        for (const change of changes)
            yield `    ${change}`;
    }
    for (const { bucket, note } of found.hidden) {
        const why = note === undefined ? "" : ` (${note})`;
        yield `! ${bucket} keeps its override${why}`;
    }
    for (const bucket of tried)
        yield `  ${bucket.bucket}: ${effectOf(bucket)}`;
    if (found.outside.length > 0) {
        const patterns = found.outside.map((pattern) => JSON.stringify(pattern)).join(", ");
        yield `Not compared, because the key is not good for them: ${patterns}`;
    }
}
function effectOf({ waiters, refused, moved, fault }) {
    if (fault !== undefined)
        return `${waiters} waiting; not tried: ${fault}`;
    return `${refusedText(refused, "would be refused")}, ${moved} granted at another time`;
}
