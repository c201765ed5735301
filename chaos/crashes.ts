/**
 * workerd killed with SIGKILL under load, again and again, and started over what is on its disk.
 *
 * Afterwards the grants are recounted from what the clients hold, over all lives of the server
 * together. Whether a bucket has lost tokens can be told exactly only where none come in, so beside
 * the buckets that refill there are two that do not within the run: a large one that lives through all
 * the crashes, and a small one anew for each.
 *
 * A crash may cost what was reserved (`maxBatch`) and what was under way to clients. So that the
 * second does not hide the first, before every other kill the large bucket is left to answer whoever
 * has asked.
 *
 * Some ask with a key, and ask again after the restart. What they were told must be the same then. What
 * was under way is settled by it, so those with a key are never among what a crash may cost.
 */
import { setTimeout } from "node:timers/promises";

import type { PolicyFields } from "../src/core/policy.ts";
import type { Figure, RunOptions, Scenario } from "./scenario.ts";

import { acquirePath, grantIn, snapshotOf } from "../kit/http/callers.ts";
import { fullestWindow, type GrantWindow } from "../kit/model/fullest-window.ts";
import { HttpClient } from "../kit/http/http-connection.ts";
import { Random } from "../kit/random.ts";
import { startWorkerd, type WorkerdServer } from "../kit/processes/server.ts";
import { ClientBook, type AskedAgain } from "./client-book.ts";
import { maxBatch } from "../src/core/write-ahead.ts";
import { largest, percentile, shown, total } from "../kit/statistics.ts";

const DAY_MS = 86_400_000;

/** Nothing comes in during a run: what is missing was granted or is lost. */
const large = { capacity: 10_000_000, refillTokens: 10_000_000, refillIntervalMs: DAY_MS };
const small = { capacity: 100, refillTokens: 100, refillIntervalMs: DAY_MS };
const fast = {
  capacity: 10_000,
  refillTokens: 1_000,
  refillIntervalMs: 100,
  initialTokens: 10_000,
};
const contended = { capacity: 3, refillTokens: 1, refillIntervalMs: 50 };
const paced = { capacity: 1, refillTokens: 1, refillIntervalMs: 100 };

/** Callers of one bucket, each of whom asks for 1 to `mostTokens` without a pause. */
interface Load {
  readonly callers: number;
  readonly mostTokens: number;
  readonly timeoutMs?: number;
  /** Set when nobody is to ask any more. */
  readonly isOver?: boolean;
}

const LARGE_LOAD = { callers: 16, mostTokens: 5, timeoutMs: 0 };
/** Until the bucket is empty. */
const SMALL_LOAD = { callers: 8, mostTokens: 3, timeoutMs: 0 };

/** The buckets that refill. */
const loads = [
  { bucket: "fast", policy: fast, callers: 16, mostTokens: 40 },
  { bucket: "contended", policy: contended, callers: 6, mostTokens: 3 },
  { bucket: "paced", policy: paced, callers: 6, mostTokens: 1 },
];

/** Of the requests of a load. Most have none, for a key is a row of its own. */
const KEYED_SHARE = 0.25;
/** Of one bucket, the grants told last before a kill: those that are most at risk. */
const MAX_ASKED_AGAIN = 50;
/** So that those who wait after a restart are not late on account of them. */
const CONNECTIONS_AGAIN = 4;

/** Put to wait after each restart. The first may find a token; the others need a tick each. */
const RESUMED_CALLERS = 5;

/** How long the load lasts before a kill. */
const LOAD_MS = { min: 200, max: 700 };
/** How long before the kill the small bucket is asked: it is gone within some tens of milliseconds. */
const SMALL_LOAD_MS = { min: 0, max: 40 };
/** After which a quiet bucket has nothing reserved any more; the project says about a second. */
const QUIET_MS = 2_000;

/** What one kill did to a bucket that nothing comes into. */
interface Loss {
  readonly policy: PolicyFields;
  /** Gone from the bucket, and in no client's hands. Negative: granted, and forgotten. */
  readonly lostTokens: number;
  /** Asked for by requests that were never answered. */
  readonly underWayTokens: number;
}

/** What came of asking again after the kills, with the keys of before. */
interface Again {
  readonly answered: AskedAgain;
  readonly underWay: AskedAgain;
  /** From buckets that nothing comes into, by asking again for what was told. */
  readonly takenTokens: number;
}

/** What came of all the kills. */
export interface CrashCounts {
  readonly kills: number;
  readonly grants: number;
  /** Of each bucket over all lives of the server, the window with the least room. */
  readonly fullest: readonly GrantWindow[];
  /** Answers that must not be, in words. */
  readonly faults: readonly string[];
  readonly losses: readonly Loss[];
  /** Lost by a kill after `QUIET_MS` without a request. */
  readonly lostAfterQuiet: number;
  /** Tokens that a bucket said it had after a kill, and would not grant, or granted though it had not. */
  readonly misstated: number;
  readonly again: Again;
  /** For each restart, how far behind the grid's ticks those were served who waited for one. */
  readonly resumedBehindMs: readonly number[];
  /** Of those, how many were not served, or shared a tick. */
  readonly notResumed: number;
}

/** Tokens of a kill that are gone beyond those under way. */
export function lostBeyondUnderWay({ lostTokens, underWayTokens }: Loss): number {
  return Math.max(0, lostTokens - underWayTokens);
}

/** Kills the server `kills` times under load, and once more after a quiet time. */
export async function crash(
  kills: number,
  { seed, progress }: Pick<RunOptions, "seed" | "progress">,
): Promise<CrashCounts> {
  const policies = {
    large: { ...large, initialTokens: large.capacity },
    "small-*": small,
    ...Object.fromEntries(loads.map(({ bucket, policy }) => [bucket, policy])),
  };
  await using server = await startWorkerd({ policies });
  const run = new CrashRun(server, new Random(seed));
  await run.start();
  for (let kill = 0; kill < kills; kill += 1) {
    progress(`crashes: kill ${kill + 1} of ${kills}`);
    await run.crashUnderLoad(kill, kill % 2 === 1);
  }
  return await run.finish(kills);
}

/** One series of kills of one server. */
class CrashRun {
  readonly #server: WorkerdServer;
  readonly #random: Random;
  readonly #large = new ClientBook("large", large);
  readonly #refilled = loads.map((load) => {
    return { load, book: new ClientBook(load.bucket, load.policy) };
  });
  readonly #smallBooks: ClientBook[] = [];
  readonly #losses: Loss[] = [];
  readonly #answered: AskedAgain[] = [];
  readonly #underWay: AskedAgain[] = [];
  readonly #resumedBehindMs: number[] = [];
  #keys = 0;
  #takenAgain = 0;
  #notResumed = 0;
  #misstated = 0;
  /** Where the grid of the paced bucket begins. */
  #pacedFromMs = 0;

  constructor(server: WorkerdServer, random: Random) {
    this.#server = server;
    this.#random = random;
  }

  /** The first grant of the paced bucket falls on the start of its grid. */
  async start(): Promise<void> {
    using client = new HttpClient(this.#server.url, 1);
    const { tokens, grantedAtMs } = grantIn(await client.request(acquirePath("paced")));
    this.#pacedBook.grants.push({ tokens, grantedAtMs });
    this.#pacedFromMs = grantedAtMs;
  }

  async crashUnderLoad(kill: number, isLargeAnswered: boolean): Promise<void> {
    const server = this.#server;
    const before = await this.#tokensOf("large");
    const smallBook = new ClientBook(`small-${kill}`, small);
    this.#smallBooks.push(smallBook);
    this.#large.turnPage();
    for (const { book } of this.#refilled) book.turnPage();

    const largeLoad = { ...LARGE_LOAD, isOver: false };
    const onLarge = this.#load(this.#large, largeLoad);
    const others = this.#refilled.map(({ load, book }) => this.#load(book, load));
    await setTimeout(this.#random.integer(LOAD_MS.min, LOAD_MS.max));
    const onSmall = this.#load(smallBook, SMALL_LOAD);
    await setTimeout(this.#random.integer(SMALL_LOAD_MS.min, SMALL_LOAD_MS.max));
    largeLoad.isOver = isLargeAnswered;
    if (isLargeAnswered) await onLarge;
    await server.kill();
    await Promise.all([onLarge, onSmall, ...others]);

    await server.restart();
    const resumed = this.#resume();
    await Promise.all([
      resumed,
      this.#weigh(this.#large, before),
      this.#weigh(smallBook, small.capacity).then(() => this.#spendAll(smallBook)),
      ...this.#refilled.map(async ({ book }) => {
        if (book.policy === paced) await resumed;
        await this.#askAgain(book);
        await this.#askForUnderWay(book);
      }),
    ]);
  }

  async finish(kills: number): Promise<CrashCounts> {
    const large = this.#large;
    // Something is granted, and may be reserved, at the beginning of the quiet time.
    using client = new HttpClient(this.#server.url, 1);
    await large.ask(client, { tokens: 1, timeoutMs: 0 });
    const before = await this.#tokensOf("large");
    await setTimeout(QUIET_MS);
    await this.#server.restart();
    const lostAfterQuiet = before - (await this.#tokensOf("large"));
    await this.#spendAll(large);

    const books = [large, ...this.#refilled.map(({ book }) => book), ...this.#smallBooks];
    return {
      kills,
      grants: total(books.map(({ grants }) => grants.length)),
      fullest: books.flatMap(({ policy, grants }) => fullestWindow(policy, grants) ?? []),
      faults: books.flatMap(({ faults }) => faults),
      losses: this.#losses,
      lostAfterQuiet,
      misstated: this.#misstated,
      again: {
        answered: sumOf(this.#answered),
        underWay: sumOf(this.#underWay),
        takenTokens: this.#takenAgain,
      },
      resumedBehindMs: this.#resumedBehindMs,
      notResumed: this.#notResumed,
    };
  }

  /** Callers who ask again as soon as they are granted, until the server is gone. */
  async #load(book: ClientBook, load: Load): Promise<void> {
    const { callers, mostTokens, timeoutMs } = load;
    using client = new HttpClient(this.#server.url, callers);
    const keepAsking = async (): Promise<void> => {
      while (!load.isOver) {
        const tokens = this.#random.integer(1, mostTokens);
        const key = this.#random.chance(KEYED_SHARE) ? this.#newKey() : undefined;
        const end = await book.ask(client, { tokens, timeoutMs, key });
        // The server has gone, or the bucket is empty and gets nothing more.
        if (end !== "granted") return;
      }
    };
    await Promise.all(Array.from({ length: callers }, keepAsking));
  }

  #newKey(): string {
    this.#keys += 1;
    return `key-${this.#keys}`;
  }

  /** Asks again for what was told before the kill. */
  async #askAgain(book: ClientBook): Promise<void> {
    using client = new HttpClient(this.#server.url, CONNECTIONS_AGAIN);
    this.#answered.push(await book.askAgain(client, MAX_ASKED_AGAIN));
  }

  /** Asks again for what was under way at the kill. */
  async #askForUnderWay(book: ClientBook): Promise<void> {
    using client = new HttpClient(this.#server.url, CONNECTIONS_AGAIN);
    this.#underWay.push(await book.askForUnderWay(client));
  }

  /**
   * Lets those with a key ask again, and compares what is left in a bucket that nothing comes into with
   * what its clients hold then.
   */
  async #weigh(book: ClientBook, before: number): Promise<void> {
    const left = await this.#tokensOf(book.bucket);
    await this.#askAgain(book);
    this.#takenAgain += left - (await this.#tokensOf(book.bucket));
    await this.#askForUnderWay(book);
    const { policy, receivedTokens, underWayTokens } = book;
    const lostTokens = before - receivedTokens - (await this.#tokensOf(book.bucket));
    this.#losses.push({ policy, lostTokens, underWayTokens });
  }

  /** Takes what the bucket says it has, and then finds it empty. */
  async #spendAll(book: ClientBook): Promise<void> {
    using client = new HttpClient(this.#server.url, 1);
    const tokens = await this.#tokensOf(book.bucket);
    const rest = tokens === 0 ? "granted" : await book.ask(client, { tokens, timeoutMs: 0 });
    const more = await book.ask(client, { tokens: 1, timeoutMs: 0 });
    if (rest !== "granted") this.#misstated += tokens;
    if (more === "granted") this.#misstated += 1;
  }

  /**
   * Lets callers wait at the bucket whose alarm was armed when the server was killed, and sends it
   * nothing else until all are served.
   */
  async #resume(): Promise<void> {
    const { refillIntervalMs } = paced;
    using client = new HttpClient(this.#server.url, RESUMED_CALLERS);
    const answers = await Promise.all(
      Array.from({ length: RESUMED_CALLERS }, () => client.request(acquirePath("paced"))),
    );
    const grants = answers.flatMap((answer) => (answer.status === 200 ? grantIn(answer) : []));
    this.#pacedBook.grants.push(...grants);
    const sinceStartMs = grants
      .map(({ grantedAtMs }) => grantedAtMs - this.#pacedFromMs)
      .toSorted((a, b) => a - b);
    const ticks = new Set(sinceStartMs.map((ms) => Math.floor(ms / refillIntervalMs)));
    this.#notResumed += RESUMED_CALLERS - ticks.size;
    this.#resumedBehindMs.push(...sinceStartMs.slice(1).map((ms) => ms % refillIntervalMs));
  }

  get #pacedBook(): ClientBook {
    const found = this.#refilled.find(({ book }) => book.policy === paced);
    if (!found) throw new Error("No load is on the paced bucket");
    return found.book;
  }

  async #tokensOf(bucket: string): Promise<number> {
    return (await snapshotOf(this.#server, bucket)).tokens;
  }
}

function sumOf(parts: readonly AskedAgain[]): AskedAgain {
  return {
    asked: total(parts.map(({ asked }) => asked)),
    otherAnswers: total(parts.map(({ otherAnswers }) => otherAnswers)),
  };
}

/** Kills of a whole run. */
const KILLS = 25;

export const crashes: Scenario = {
  name: "crashes",
  async run(options) {
    return figuresOf(await crash(KILLS, options));
  },
};

function figuresOf(counts: CrashCounts): Figure[] {
  const { kills, grants, fullest, faults, losses, lostAfterQuiet, misstated } = counts;
  const over = fullest.filter(({ tokens, most }) => tokens > most);
  const fullestShare = largest(fullest.map(({ tokens, most }) => tokens / most));
  const forgotten = largest(losses.map(({ lostTokens }) => -lostTokens));
  const { again, resumedBehindMs, notResumed } = counts;
  const behindMs = percentile(resumedBehindMs, 0.99);
  return [
    {
      what: `kill -9 under load, ${kills} times: buckets with a window over the limit, of ${fullest.length} with ${shown(grants)} grants`,
      measured: `${over.length} (fullest window: ${(fullestShare * 100).toFixed(1)} %)`,
      limit: "0",
      holds: over.length === 0,
    },
    {
      what: "the same: answers other than 200 and 429, or with an instant before the request or after the answer",
      measured: String(faults.length),
      limit: "0",
      holds: faults.length === 0,
    },
    {
      what: "the same: tokens granted and forgotten, the most by one kill",
      measured: String(forgotten),
      limit: "0",
      holds: forgotten === 0,
    },
    lossFigure("10,000,000 a day", large, losses),
    lossFigure("100 a day", small, losses),
    {
      what: "tokens said to be left after a kill and not granted, or granted beyond them",
      measured: String(misstated),
      limit: "0",
      holds: misstated === 0,
    },
    againFigure("keyed grants told before a kill, asked again: another answer", again.answered),
    {
      what: "the same: tokens taken by asking again",
      measured: String(again.takenTokens),
      limit: "0",
      holds: again.takenTokens === 0,
    },
    againFigure(
      "keyed acquires under way at a kill, asked again: neither 200 nor 429, or another grant the third time",
      again.underWay,
    ),
    {
      what: `tokens lost by a kill after ${QUIET_MS / 1_000} quiet seconds`,
      measured: String(lostAfterQuiet),
      limit: "0",
      holds: lostAfterQuiet === 0,
    },
    {
      what: `callers that wait after a restart, an alarm armed at the kill: not served at a tick of their own, of ${kills * RESUMED_CALLERS}`,
      measured: String(notResumed),
      limit: "0",
      holds: notResumed === 0,
    },
    {
      what: "the same: behind the grid, 99 of 100",
      measured: `${behindMs} ms (all: ${largest(resumedBehindMs)} ms)`,
      holds: true,
    },
  ];
}

/** Where nobody has asked, nothing is shown. */
function againFigure(what: string, { asked, otherAnswers }: AskedAgain): Figure {
  return {
    what,
    measured: `${otherAnswers} (of ${shown(asked)} asked)`,
    limit: "0",
    holds: otherAnswers === 0 && asked > 0,
  };
}

function lossFigure(rate: string, policy: PolicyFields, losses: readonly Loss[]): Figure {
  const ofPolicy = losses.filter((loss) => loss.policy === policy);
  const most = largest(ofPolicy.map(lostBeyondUnderWay));
  const all = total(ofPolicy.map(({ lostTokens }) => lostTokens));
  const batch = maxBatch(policy);
  return {
    what: `a bucket of ${rate}: tokens lost by one kill beyond those under way to clients`,
    measured: `${most} (all ${ofPolicy.length} kills, with those under way: ${shown(all)})`,
    limit: shown(batch),
    holds: most <= batch,
  };
}
