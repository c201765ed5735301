/**
 * Objects aborted while callers wait, as by a deployment or a failed commit. The callers may notice nothing
 * but a short delay, and none may be served before one that arrived earlier.
 *
 * The callers of a round arrive one after the other, so their order is certain. Each grant takes the only
 * token, so no two share a tick, and the instants of the grants show their order.
 */
import { setTimeout } from "node:timers/promises";

import type { GrantBody } from "../src/protocol/acquire-bodies.ts";
import type { Figure, RunOptions, Scenario } from "./scenario.ts";

import { acquire, arriveInTurn, type HeldAcquire } from "../kit/http/callers.ts";
import { fullestWindow } from "../kit/model/fullest-window.ts";
import { send } from "../kit/http/http-connection.ts";
import { Random } from "../kit/random.ts";
import { startWorkerd, type WorkerdServer } from "../kit/processes/server.ts";
import { shown } from "../kit/statistics.ts";

/** Slow enough that most callers of a round still wait when the last one arrives. */
const policy = { capacity: 1, refillTokens: 1, refillIntervalMs: 25 };

/** When the abort comes, after the arrival of the last caller. */
const ABORT_AFTER_MS = { min: 0, max: 150 };
/** Further aborts, in every second round: during the requeueing, the recovery window, or just after it. */
const BURST = { min: 2, max: 9 };
const AGAIN_AFTER_MS = { min: 20, max: 450 };

/** The outcomes of the callers of all rounds. */
export interface ResetCounts {
  readonly rounds: number;
  readonly aborts: number;
  /** Callers that were still waiting when their object was first aborted. */
  readonly waiting: number;
  /** Rounds with such a caller. */
  readonly roundsWithWaiting: number;
  /** Callers that received anything but a grant. */
  readonly notGranted: number;
  /** Rounds in which a caller was served before one that arrived earlier. */
  readonly outOfOrder: number;
  /** Rounds with a window over the limit. */
  readonly over: number;
  /** The longest time without a grant in any round. */
  readonly longestGapMs: number;
}

/** In each of `rounds`, aborts the object of a new bucket at which `callers` have arrived. */
export async function reset(
  rounds: number,
  callers: number,
  { seed, progress }: Pick<RunOptions, "seed" | "progress">,
): Promise<ResetCounts> {
  const random = new Random(seed);
  await using server = await startWorkerd({
    main: "chaos/workers/abortable.ts",
    policies: { "*": policy },
  });
  const counts = {
    aborts: 0,
    waiting: 0,
    roundsWithWaiting: 0,
    notGranted: 0,
    outOfOrder: 0,
    over: 0,
    longestGapMs: 0,
  };
  for (let round = 0; round < rounds; round += 1) {
    progress(`resets: round ${round + 1} of ${rounds}`);
    const bucket = `round-${round}`;
    const first = await acquire(server, bucket);
    const held = await arriveInTurn(server, bucket, callers);
    const unanswered = watch(held);

    await setTimeout(random.integer(ABORT_AFTER_MS.min, ABORT_AFTER_MS.max));
    counts.waiting += unanswered.size;
    if (unanswered.size > 0) counts.roundsWithWaiting += 1;
    await abort(server, bucket);
    counts.aborts += 1;
    const more = round % 2 === 1 ? random.integer(BURST.min, BURST.max) : 0;
    for (let again = 0; again < more; again += 1) {
      await setTimeout(random.integer(AGAIN_AFTER_MS.min, AGAIN_AFTER_MS.max));
      await abort(server, bucket);
      counts.aborts += 1;
    }

    const answers = await Promise.all(held.map(({ answer }) => answer.catch(() => undefined)));
    const granted = answers.flatMap((answer) =>
      answer?.status === 200 ? (answer.body as GrantBody) : [],
    );
    const instants = granted.map(({ grantedAtMs }) => grantedAtMs);
    const gaps = instants.map((atMs, i) => atMs - (instants[i - 1] ?? first.grantedAtMs));
    const window = fullestWindow(policy, [first, ...granted]);
    counts.notGranted += callers - granted.length;
    if (gaps.some((gapMs) => gapMs <= 0)) counts.outOfOrder += 1;
    if (window && window.tokens > window.most) counts.over += 1;
    counts.longestGapMs = Math.max(counts.longestGapMs, ...gaps);
  }
  return { rounds, ...counts };
}

/** The callers of `held` that are still unanswered; a live view. */
function watch(held: readonly HeldAcquire[]): ReadonlySet<HeldAcquire> {
  const unanswered = new Set(held);
  for (const caller of held) {
    const onEnd = (): boolean => unanswered.delete(caller);
    caller.answer.then(onEnd, onEnd);
  }
  return unanswered;
}

/** Aborts the bucket's object. */
async function abort({ url }: WorkerdServer, bucket: string): Promise<void> {
  const { status } = await send(url, `/abort?bucket=${bucket}`, { method: "POST" });
  if (status !== 204) throw new Error(`The object was not aborted: ${status}`);
}

/** The number of rounds in a full run, and of callers in each. */
const ROUNDS = 24;
const CALLERS = 60;
/** A round in which no caller waits at the abort proves nothing. */
const MIN_ROUNDS_WITH_WAITING = 20;

export const resets: Scenario = {
  name: "resets",
  async run(options) {
    return figuresOf(await reset(ROUNDS, CALLERS, options));
  },
};

function figuresOf(counts: ResetCounts): Figure[] {
  const { rounds, aborts, waiting, notGranted, outOfOrder, over, longestGapMs } = counts;
  const { roundsWithWaiting } = counts;
  return [
    {
      what: `rounds in which callers waited when their object was aborted, of ${rounds}`,
      measured: String(roundsWithWaiting),
      limit: `at least ${MIN_ROUNDS_WITH_WAITING}`,
      holds: roundsWithWaiting >= MIN_ROUNDS_WITH_WAITING,
    },
    {
      what: `objects aborted ${aborts} times in ${rounds} rounds, ${shown(waiting)} callers waiting: callers that got anything but 200`,
      measured: String(notGranted),
      limit: "0",
      holds: notGranted === 0,
    },
    {
      what: "the same: rounds with a caller served out of turn",
      measured: String(outOfOrder),
      limit: "0",
      holds: outOfOrder === 0,
    },
    {
      what: "the same: rounds with a window over the limit",
      measured: String(over),
      limit: "0",
      holds: over === 0,
    },
    { what: "the same: longest time without a grant", measured: `${longestGapMs} ms`, holds: true },
  ];
}
