/**
 * workerd killed with SIGKILL under load, again and again, and restarted with what is on its disk.
 *
 * Afterwards the grants are recounted from the clients' records, over all runs of the server together. A
 * loss of tokens can be counted exactly only in a bucket that doesn't refill. So beside the buckets that do,
 * there are two that don't refill during the run: a large one that lives through all crashes, and a small one
 * that is new for each.
 *
 * A crash may cost the write-ahead batch (`maxBatch`) and the grants on their way to clients. So that the
 * latter don't hide the former, before every other kill the large bucket gets time to answer all requests.
 *
 * Some requests have a key and are repeated after the restart. Their grants must then be the same. Repeating
 * also settles requests that were unanswered, so requests with a key never count as lost.
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
import { Policy } from "../src/core/policy.ts";
import { tokenBucket } from "../src/core/limits/token-bucket.ts";
import { largest, percentile, shown, total } from "../kit/statistics.ts";
import { bucketFieldsOf } from "../kit/model/bucket-policy.ts";

const DAY_MS = 86_400_000;

/** Don't refill during a run: missing tokens were granted or lost. */
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

/** Callers of one bucket, each of which keeps asking for 1 to `mostTokens`. */
interface Load {
  readonly callers: number;
  readonly mostTokens: number;
  readonly timeoutMs?: number;
  /** Set to end the load. */
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

/** The share of requests with a key. Most have none, since each key writes a row. */
const KEYED_SHARE = 0.25;
/** How many of a bucket's latest grants before a kill to repeat: those are most at risk. */
const MAX_ASKED_AGAIN = 50;
/** Few, so that repeating doesn't delay the callers that wait after a restart. */
const CONNECTIONS_AGAIN = 4;

/** Callers that wait after each restart. The first may find a token; the others need a tick each. */
const RESUMED_CALLERS = 5;

/** How long the load lasts before a kill. */
const LOAD_MS = { min: 200, max: 700 };
/** How long the small bucket is under load before the kill; some tens of milliseconds empty it. */
const SMALL_LOAD_MS = { min: 0, max: 40 };
/** After this time, an idle bucket has no write-ahead batch left; the documentation says about a second. */
const QUIET_MS = 2_000;

/** The effect of one kill on a bucket that doesn't refill. */
interface Loss {
  readonly policy: PolicyFields;
  /** Missing from the bucket and received by no client. Negative: granted and forgotten. */
  readonly lostTokens: number;
  /** Asked for by requests that were never answered. */
  readonly underWayTokens: number;
}

/** The results of repeating requests after the kills. */
interface Again {
  readonly answered: AskedAgain;
  readonly underWay: AskedAgain;
  /** Taken from buckets that don't refill, by repeating requests that were granted. */
  readonly takenTokens: number;
}

/** The results of all kills. */
export interface CrashCounts {
  readonly kills: number;
  readonly grants: number;
  /** For each bucket, over all runs of the server: the window closest to the limit. */
  readonly fullest: readonly GrantWindow[];
  /** Wrong answers, in words. */
  readonly faults: readonly string[];
  readonly losses: readonly Loss[];
  /** Tokens lost by a kill after `QUIET_MS` without a request. */
  readonly lostAfterQuiet: number;
  /** Tokens that a bucket reported after a kill but didn't grant, or granted beyond its report. */
  readonly misstated: number;
  readonly again: Again;
  /** For each caller that waited after a restart, how late it was served, relative to its tick. */
  readonly resumedBehindMs: readonly number[];
  /** How many of those were not served, or shared a tick. */
  readonly notResumed: number;
}

/** Tokens that a kill has lost beyond those of unanswered requests. */
export function lostBeyondUnderWay({ lostTokens, underWayTokens }: Loss): number {
  return Math.max(0, lostTokens - underWayTokens);
}

/** Kills the server `kills` times under load, and once more after an idle period. */
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
  /** The start of the paced bucket's grid. */
  #pacedFromMs = 0;

  constructor(server: WorkerdServer, random: Random) {
    this.#server = server;
    this.#random = random;
  }

  /** The first grant of the paced bucket starts its grid. */
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
    // Grants a token, which may start a write-ahead batch, before the idle period.
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
      fullest: books.flatMap(
        ({ policy, grants }) => fullestWindow(bucketFieldsOf(Policy.of(policy)), grants) ?? [],
      ),
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

  /** Callers that ask again as soon as they are granted, until the server is gone. */
  async #load(book: ClientBook, load: Load): Promise<void> {
    const { callers, mostTokens, timeoutMs } = load;
    using client = new HttpClient(this.#server.url, callers);
    const keepAsking = async (): Promise<void> => {
      while (!load.isOver) {
        const tokens = this.#random.integer(1, mostTokens);
        const key = this.#random.chance(KEYED_SHARE) ? this.#newKey() : undefined;
        const end = await book.ask(client, { tokens, timeoutMs, key });
        // The server is gone, or the bucket is empty and doesn't refill.
        if (end !== "granted") return;
      }
    };
    await Promise.all(Array.from({ length: callers }, keepAsking));
  }

  #newKey(): string {
    this.#keys += 1;
    return `key-${this.#keys}`;
  }

  /** Repeats requests that were granted before the kill. */
  async #askAgain(book: ClientBook): Promise<void> {
    using client = new HttpClient(this.#server.url, CONNECTIONS_AGAIN);
    this.#answered.push(await book.askAgain(client, MAX_ASKED_AGAIN));
  }

  /** Repeats requests that were unanswered at the kill. */
  async #askForUnderWay(book: ClientBook): Promise<void> {
    using client = new HttpClient(this.#server.url, CONNECTIONS_AGAIN);
    this.#underWay.push(await book.askForUnderWay(client));
  }

  /**
   * Repeats the requests with a key, and then compares what is left in a bucket that doesn't refill with what
   * its clients have received.
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

  /** Takes all tokens that the bucket reports, and checks that it is then empty. */
  async #spendAll(book: ClientBook): Promise<void> {
    using client = new HttpClient(this.#server.url, 1);
    const tokens = await this.#tokensOf(book.bucket);
    const rest = tokens === 0 ? "granted" : await book.ask(client, { tokens, timeoutMs: 0 });
    const more = await book.ask(client, { tokens: 1, timeoutMs: 0 });
    if (rest !== "granted") this.#misstated += tokens;
    if (more === "granted") this.#misstated += 1;
  }

  /**
   * Lets callers wait at the bucket whose alarm was armed at the kill, and sends it nothing else until all are
   * served.
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
    if (!found) throw new Error("The paced bucket has no load");
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

/** The number of kills in a full run. */
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
      what: "tokens reported after a kill but not granted, or granted beyond the report",
      measured: String(misstated),
      limit: "0",
      holds: misstated === 0,
    },
    againFigure("keyed grants before a kill, repeated: a different answer", again.answered),
    {
      what: "the same: tokens taken by repeating",
      measured: String(again.takenTokens),
      limit: "0",
      holds: again.takenTokens === 0,
    },
    againFigure(
      "keyed acquires unanswered at a kill, repeated: neither 200 nor 429, or a different grant the third time",
      again.underWay,
    ),
    {
      what: `tokens lost by a kill after ${QUIET_MS / 1_000} idle seconds`,
      measured: String(lostAfterQuiet),
      limit: "0",
      holds: lostAfterQuiet === 0,
    },
    {
      what: `callers that wait after a restart, with an alarm armed at the kill: not served by a tick each, of ${kills * RESUMED_CALLERS}`,
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

/** Fails if nothing was repeated, since that proves nothing. */
function againFigure(what: string, { asked, otherAnswers }: AskedAgain): Figure {
  return {
    what,
    measured: `${otherAnswers} (of ${shown(asked)} repeated)`,
    limit: "0",
    holds: otherAnswers === 0 && asked > 0,
  };
}

function lossFigure(rate: string, policy: PolicyFields, losses: readonly Loss[]): Figure {
  const ofPolicy = losses.filter((loss) => loss.policy === policy);
  const most = largest(ofPolicy.map(lostBeyondUnderWay));
  const all = total(ofPolicy.map(({ lostTokens }) => lostTokens));
  const batch = tokenBucket.maxBatch(bucketFieldsOf(Policy.of(policy)));
  return {
    what: `a bucket of ${rate}: tokens lost by one kill beyond those under way to clients`,
    measured: `${most} (all ${ofPolicy.length} kills, with those under way: ${shown(all)})`,
    limit: shown(batch),
    holds: most <= batch,
  };
}
