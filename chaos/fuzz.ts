/**
 * `fuzz`: tens of thousands of requests that are nearly right, or nearly HTTP, sent to the Worker in workerd.
 * Each answer must be one that the contract allows for that request. Afterwards, the buckets and the files of
 * the objects must be unchanged.
 *
 * Each request is drawn from the seed and its index, so the seed reproduces a failure.
 */
import { readdir } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";

import type { PolicyFields } from "../src/core/policy.ts";
import type { BucketSnapshot } from "../src/protocol/bucket-snapshot.ts";
import type { RawAnswer } from "../kit/http/raw-connection.ts";
import type { ServerFacts, Verdict } from "./contract-oracle.ts";
import type { Vocabulary } from "./fuzzed-request.ts";
import type { Figure, RunOptions, Scenario } from "./scenario.ts";

import { HttpConnection, send } from "../kit/http/http-connection.ts";
import { Random } from "../kit/random.ts";
import { RawConnection } from "../kit/http/raw-connection.ts";
import { startWorkerd, type WorkerdServer } from "../kit/processes/server.ts";
import { bytesOf, drawBroken, safeRequest } from "./broken-request.ts";
import { faultOf, judge } from "./contract-oracle.ts";
import { shown } from "../kit/statistics.ts";

const REQUESTS = 24_000;
/** The promised number. */
const MIN_REQUESTS = 20_000;
/** The share of requests that aren't HTTP, each on a separate connection. */
const BROKEN_SHARE = 0.15;
/** Connections used in parallel. */
const LANES = 16;
/** How many failures to print. */
const MAX_PRINTED = 20;
/** How many characters of a request and of an answer to print. */
const MAX_SHOWN = 2_000;
const PROGRESS_STEP = 1_000;

const API_TOKEN = "fuzz-api-token-5f1c";
const ADMIN_TOKEN = "fuzz-admin-token-9b7e";
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

const PREFIX = "fuzz:";
const CONTENDED = `${PREFIX}contended`;
const OVERRIDDEN = `${PREFIX}overridden`;
const IDLE = `${PREFIX}idle/a@b`;
const SEVERAL = `${PREFIX}several`;

/** Policies of buckets that don't change during a run. */
const policies: Readonly<Record<string, PolicyFields>> = {
  [`${PREFIX}*`]: { capacity: 5, refillTokens: 1, refillIntervalMs: DAY_MS, initialTokens: 5 },
  // One caller may wait here for an hour; a second one would have to wait for two, which is too long.
  [SEVERAL]: {
    capacity: 5,
    refillTokens: 1,
    refillIntervalMs: DAY_MS,
    initialTokens: 5,
    limits: {
      constructor: { capacity: 50, refillTokens: 1, refillIntervalMs: DAY_MS, initialTokens: 50 },
      month: { capacity: 2, every: "month" },
    },
  },
  [CONTENDED]: { capacity: 1, refillTokens: 1, refillIntervalMs: HOUR_MS, maxWaitMs: HOUR_MS },
};

const words: Vocabulary = {
  buckets: [CONTENDED, OVERRIDDEN, IDLE, SEVERAL],
  unmade: `${PREFIX}unmade`,
  apiToken: API_TOKEN,
  adminToken: ADMIN_TOKEN,
};

const apiHeaders = { Authorization: `Bearer ${API_TOKEN}` };
const adminHeaders = { Authorization: `Bearer ${ADMIN_TOKEN}` };

/** An answer that the contract doesn't allow, or a missing one. */
interface Failure {
  readonly index: number;
  readonly kind: string;
  readonly why: string;
  readonly request: string;
  readonly answer: string;
}

/** The result of a run. */
export interface FuzzReport {
  readonly requests: number;
  /** How many of them weren't HTTP and went over separate connections. */
  readonly broken: number;
  /** The number of answers by status. */
  readonly answers: ReadonlyMap<number, number>;
  readonly failures: readonly Failure[];
  /** Object files that were created or removed. */
  readonly changedFiles: readonly string[];
  /** Buckets that have changed. */
  readonly changedBuckets: readonly string[];
  /** Whether the log contains an API key. */
  readonly isTokenLogged: boolean;
  /** Whether a valid acquire was granted afterwards. */
  readonly stillGrants: boolean;
}

/** The scenario of `npm run chaos`. */
export const fuzzScenario: Scenario = {
  name: "fuzz",
  run: async (options) => figuresOf(await fuzz({ ...options, requests: REQUESTS })),
};

/** Sends `requests` requests, and prints each that fails as a line of JSON. */
export async function fuzz(
  options: Pick<RunOptions, "seed" | "progress"> & { readonly requests: number },
): Promise<FuzzReport> {
  const { seed, requests, progress } = options;
  await using server = await startWorkerd({ policies, vars: { API_TOKEN, ADMIN_TOKEN } });
  const waiter = await prepare(server);
  const buckets = await snapshots(server);
  const facts: ServerFacts = {
    buckets,
    contended: CONTENDED,
    prefix: PREFIX,
    apiToken: API_TOKEN,
    adminToken: ADMIN_TOKEN,
  };
  const files = await objectFiles(server);
  const run = new Run(server.port, seed, facts);
  let next = 0;
  const lanes = Array.from({ length: LANES }, async () => {
    const lane = new Lane(server.port);
    while (next < requests) {
      const index = next;
      next += 1;
      if (index % PROGRESS_STEP === 0) progress(`fuzz: ${shown(index)} of ${shown(requests)}`);
      await run.shoot(index, lane);
    }
    lane.close();
  });
  await Promise.all(lanes);
  const changedBuckets = run.changed(await snapshots(server));
  const changedFiles = files.symmetricDifference(await objectFiles(server));
  const stillGrants = await acquires(server, buckets.get(IDLE));
  waiter.reset();
  const { broken, answers, failures } = run;
  for (const failure of failures.slice(0, MAX_PRINTED)) {
    console.error(JSON.stringify({ seed, ...failure }));
  }
  return {
    requests,
    broken,
    answers,
    failures,
    changedFiles: [...changedFiles],
    changedBuckets,
    isTokenLogged: [API_TOKEN, ADMIN_TOKEN].some((token) => server.output.includes(token)),
    stillGrants,
  };
}

function figuresOf(report: FuzzReport): Figure[] {
  const { requests, broken, answers, failures, changedFiles, changedBuckets } = report;
  const statuses = [...answers].sort(([a], [b]) => a - b);
  const counted = statuses.map(([status, count]) => `${shown(count)} × ${status}`).join(", ");
  return [
    {
      what: `fuzzed requests, ${shown(broken)} of them not HTTP, and their answers`,
      measured: `${shown(requests)}: ${counted}`,
      limit: `at least ${shown(MIN_REQUESTS)}`,
      holds: requests >= MIN_REQUESTS,
    },
    {
      what: "answers that the contract does not allow",
      measured: shown(failures.length),
      limit: "0",
      holds: failures.length === 0,
    },
    {
      what: "objects created or removed, buckets changed, API keys logged",
      measured: `${changedFiles.length}, ${changedBuckets.length}, ${report.isTokenLogged ? "yes" : "none"}`,
      limit: "0, 0, none",
      holds: changedFiles.length === 0 && changedBuckets.length === 0 && !report.isTokenLogged,
    },
    {
      what: "a valid acquire afterwards",
      measured: report.stillGrants ? "granted" : "not granted",
      limit: "granted",
      holds: report.stillGrants,
    },
  ];
}

/** One run of the fuzzer. */
class Run {
  readonly answers = new Map<number, number>();
  readonly failures: Failure[] = [];
  broken = 0;
  readonly #port: number;
  readonly #seed: number;
  readonly #facts: ServerFacts;
  /** Refusals by bucket. A bucket counts a refusal, which changes nothing else. */
  readonly #refused = new Map<string, number>();
  /** Answers by bucket that never arrived: the bucket may have counted each as a refusal. */
  readonly #lostFrom = new Map<string, number>();

  constructor(port: number, seed: number, facts: ServerFacts) {
    this.#port = port;
    this.#seed = seed;
    this.#facts = facts;
  }

  /** Draws the request with this index, sends it and checks the answer. */
  async shoot(index: number, lane: Lane): Promise<void> {
    const random = new Random(this.#seed, index);
    if (random.chance(BROKEN_SHARE)) await this.#shootBroken(index, random);
    else await this.#shootSound(index, random, lane);
  }

  /** Buckets that have changed, apart from their counts of refusals. */
  changed(after: ReadonlyMap<string, BucketSnapshot>): string[] {
    return [...this.#facts.buckets].flatMap(([name, before]) => {
      const now = after.get(name);
      const uncounted = (now?.refused ?? 0) - before.refused - (this.#refused.get(name) ?? 0);
      const isCounted = uncounted >= 0 && uncounted <= (this.#lostFrom.get(name) ?? 0);
      const isSame = isDeepStrictEqual({ ...before, refused: now?.refused }, now);
      return isSame && isCounted ? [] : [name];
    });
  }

  async #shootSound(index: number, random: Random, lane: Lane): Promise<void> {
    const request = safeRequest(random, words, this.#facts);
    const verdict = judge(request, this.#facts);
    const bytes = bytesOf(request);
    let answer = await lane.exchange(bytes, request.method);
    // A server that answers before it has read the body may close with a reset, which can overtake the
    // answer. Clients retry then; so does the fuzzer, once.
    if (!answer && request.body) {
      addOne(this.#lostFrom, verdict.bucket);
      answer = await lane.exchange(bytes, request.method);
    }
    if (answer) this.#checkAnswer(index, "request", bytes, request.method, verdict, answer);
    else if (!verdict.mayBeRefused) this.#fail(index, "request", "no answer", bytes);
  }

  async #shootBroken(index: number, random: Random): Promise<void> {
    const { kind, bytes, methods, verdicts, isBrokenOff } = drawBroken(random, words, this.#facts);
    this.broken += 1;
    const connection = await RawConnection.open(this.#port);
    if (isBrokenOff) {
      await connection.breakOff(bytes);
      return;
    }
    const { answers, rest } = await connection.finish(bytes, methods);
    answers.forEach((answer, place) => {
      const verdict = verdicts[place];
      if (verdict) this.#checkAnswer(index, kind, bytes, methods[place] ?? "GET", verdict, answer);
      else this.#fail(index, kind, "more answers than requests", bytes, answer);
    });
    if (rest !== "") this.#fail(index, kind, `half an answer: ${rest}`, bytes);
    if (!connection.hasEnded) this.#fail(index, kind, "the connection is left open", bytes);
  }

  #checkAnswer(
    index: number,
    kind: string,
    bytes: Buffer,
    method: string,
    verdict: Verdict,
    answer: RawAnswer,
  ): void {
    const { status } = answer;
    addOne(this.answers, status);
    const why = faultOf(answer, method, verdict, this.#facts);
    if (why !== undefined) this.#fail(index, kind, why, bytes, answer);
    if (status === 422 || status === 429) addOne(this.#refused, verdict.bucket);
  }

  #fail(index: number, kind: string, why: string, bytes: Buffer, answer?: RawAnswer): void {
    const request = bytes.toString("latin1").slice(0, MAX_SHOWN);
    const text = answer ? `${answer.head}\r\n\r\n${answer.body}`.slice(0, MAX_SHOWN) : "";
    this.failures.push({ index, kind, why, request, answer: text });
  }
}

/** A connection that is reused until the server closes it, and then replaced. */
class Lane {
  readonly #port: number;
  #connection: RawConnection | undefined = undefined;

  constructor(port: number) {
    this.#port = port;
  }

  async exchange(bytes: Buffer, method: string): Promise<RawAnswer | undefined> {
    this.#connection ??= await RawConnection.open(this.#port);
    const connection = this.#connection;
    const answer = await connection.exchange(bytes, method);
    if (!answer || connection.hasEnded || isLast(answer)) this.close();
    return answer;
  }

  close(): void {
    this.#connection?.close();
    this.#connection = undefined;
  }
}

function addOne<Key>(counts: Map<Key, number>, key: Key | undefined): void {
  if (key !== undefined) counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** Whether the server closes after this answer: it says so, or it is the runtime's own refusal. */
function isLast({ headers }: RawAnswer): boolean {
  return headers.get("connection") === "close" || !headers.has("cache-control");
}

/** Creates the buckets: one with a waiter, whose connection is returned, and two without. */
async function prepare({ url }: WorkerdServer): Promise<HttpConnection> {
  const put = { method: "PUT", headers: adminHeaders, body: { capacity: 7, queueLimit: 3 } };
  await send(url, bucketPath(OVERRIDDEN), put);
  for (const name of words.buckets) {
    const { status } = await send(url, acquirePath(name), { headers: apiHeaders });
    if (status !== 200) throw new Error(`${name} did not grant its first token: ${status}`);
  }
  const waiter = await HttpConnection.open(url);
  void waiter.request(acquirePath(CONTENDED), { headers: apiHeaders });
  for (;;) {
    const { body } = await send(url, bucketPath(CONTENDED), { headers: apiHeaders });
    if ((body as BucketSnapshot).waiters === 1) return waiter;
  }
}

async function snapshots({ url }: WorkerdServer): Promise<Map<string, BucketSnapshot>> {
  const found = new Map<string, BucketSnapshot>();
  for (const name of words.buckets) {
    const { body } = await send(url, bucketPath(name), { headers: apiHeaders });
    found.set(name, body as BucketSnapshot);
  }
  return found;
}

/** The files of the objects, one for each. */
async function objectFiles({ stateDir }: WorkerdServer): Promise<Set<string>> {
  const paths = await readdir(stateDir, { recursive: true });
  return new Set(paths.filter((path) => path.endsWith(".sqlite")));
}

/** Whether the idle bucket grants a token, and then has one less. */
async function acquires({ url }: WorkerdServer, before?: BucketSnapshot): Promise<boolean> {
  const { status, body } = await send(url, acquirePath(IDLE), { headers: apiHeaders });
  return status === 200 && (body as { remaining: number }).remaining === (before?.tokens ?? 0) - 1;
}

function acquirePath(name: string): string {
  return `/acquire?bucket=${encodeURIComponent(name)}`;
}

function bucketPath(name: string): string {
  return `/buckets/${encodeURIComponent(name)}`;
}
