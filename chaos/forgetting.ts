/**
 * Many buckets that are asked once and forgotten (`npm run serve`, with its launcher and its files), while the server is
 * killed at each stage: as they are made, once all of them are due, and as their files are removed.
 *
 * Each name is asked for all that its bucket holds. If a bucket were forgotten before it is full, or a write were lost
 * with its file, somebody would get more than the policy allows; some names are asked over and over to see that.
 */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

import type { RunOptions, Scenario } from "./scenario.ts";

import { acquirePath, grantIn } from "../kit/http/callers.ts";
import { HttpClient } from "../kit/http/http-connection.ts";
import { ServedBundle } from "../kit/processes/served-bundle.ts";
import { Served } from "../kit/processes/served.ts";
import { Random } from "../kit/random.ts";
import { largest, shown } from "../kit/statistics.ts";

/** Full again after 40 s, and so before it is forgotten. */
const POLICY = { capacity: 4, refillTokens: 2, refillIntervalMs: 20_000, initialTokens: 4 };
const MIN_FORGET_AFTER_MS = 60_000;
/** So long that none is forgotten before all have been asked, on a slow machine either. */
const FORGET_AFTER_MS_PER_NAME = 8;
/** Names that are asked over and over. */
const REGULARS = Array.from({ length: 30 }, (_, index) => `regular:${index}`);
/** Asked as soon as the server is there, and while files are removed. */
const PROBES = ["probe:0", "probe:1", "probe:2", "probe:3"];
const OTHERS = [...REGULARS, ...PROBES];
/** The shortest time between two requests of one of them; half of the others take longer than to be forgotten. */
const MIN_PAUSE_MS = 2_000;
const CONNECTIONS = 16;
/** Few enough for the files that a process may have open, as each stays open for ten seconds. */
const MAX_NAMES_PER_S = 400;
/** workerd closes what is idle after ten seconds; twice that on a busy machine. */
const CLOSED_AFTER_MS = 20_000;
/** The launcher looks every 20 s. */
const WITHIN_MS = 60_000;
/** Beside that, for the removal itself. */
const REMOVED_PER_S = 500;
const POLL_MS = 100;

/** The files of buckets. */
interface Disk {
  readonly files: number;
  readonly bytes: number;
}

/** What came of the buckets. */
interface Forgotten {
  readonly kills: number;
  /** Of names that are asked once: when all of them were, and in the end. */
  readonly before: Disk;
  readonly after: Disk;
  /** From the last start, with all of them due, until no file of theirs was left, in milliseconds. */
  readonly tookMs: number;
  /** From the start of a server all of whose buckets are due until it granted, in milliseconds. */
  readonly firstGrantMs: number;
  /** The longest answer while files were removed, in milliseconds. */
  readonly longestMs: number;
  /** Tokens granted beyond what a policy allows in any window. */
  readonly excess: number;
  /** Grants of names that had been forgotten. */
  readonly again: number;
}

interface Grant {
  readonly tokens: number;
  readonly grantedAtMs: number;
}

/** A server that is killed, and comes back over the same files. */
class KilledServer implements AsyncDisposable {
  readonly grants = new Map<string, Grant[]>();
  kills = 0;
  readonly forgetAfterMs: number;
  readonly #bundle: ServedBundle;
  readonly #dir: string;
  readonly #state: string;
  /** Names of files that don't count. */
  #others: ReadonlySet<string> = new Set();
  #served: Served | undefined = undefined;
  #client: HttpClient | undefined = undefined;

  constructor(bundle: ServedBundle, forgetAfterMs: number) {
    this.forgetAfterMs = forgetAfterMs;
    this.#bundle = bundle;
    this.#state = bundle.newState();
    this.#dir = join(this.#state, "buckets", "sluice-BucketObject");
  }

  async start(): Promise<void> {
    const policy = { ...POLICY, forgetAfterMs: this.forgetAfterMs };
    const policies = `POLICIES:${JSON.stringify({ "*": policy })}`;
    const args = ["--port", "0", "--var", "PUBLIC:true", "--var", policies];
    this.#served = await Served.ready(this.#bundle.argsFor(this.#state, ...args));
    this.#client = new HttpClient(this.#served.url, CONNECTIONS);
  }

  async kill(): Promise<void> {
    this.kills += 1;
    this.#served?.signal("SIGKILL");
    this.#client?.[Symbol.dispose]();
    this.#client = undefined;
    await this.#served?.[Symbol.asyncDispose]();
  }

  /** Asks for tokens, without waiting for them. `undefined`: there was no answer. */
  async acquire(name: string, tokens: number): Promise<boolean | undefined> {
    const path = acquirePath(name, `tokens=${tokens}&timeoutMs=0`);
    const answer = await this.#client?.request(path).catch(() => undefined);
    if (answer?.status === 429) return false;
    if (answer?.status !== 200) return undefined;
    const { grantedAtMs } = grantIn(answer);
    const grants = this.grants.get(name) ?? [];
    grants.push({ tokens, grantedAtMs });
    this.grants.set(name, grants);
    return true;
  }

  /** The buckets that there are now are left out of all that is counted. */
  leaveOut(): void {
    this.#others = new Set(this.#files().map(idOf));
  }

  get disk(): Disk {
    const files = this.#files().filter((file) => !this.#others.has(idOf(file)));
    let bytes = 0;
    for (const file of files) {
      bytes += statSync(join(this.#dir, file), { throwIfNoEntry: false })?.size ?? 0;
    }
    return { files: files.length, bytes };
  }

  #files(): string[] {
    return readdirSync(this.#dir).filter((file) => /^[0-9a-f]{64}\./.test(file));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}

/** Asks each of `names` once, kills the server at each stage, and waits until the files are gone. */
async function forget(
  names: number,
  { seed, progress }: Pick<RunOptions, "seed" | "progress">,
): Promise<Forgotten> {
  await using bundle = await ServedBundle.build();
  const forgetAfterMs = forgetAfterMsOf(names);
  await using server = new KilledServer(bundle, forgetAfterMs);
  const random = new Random(seed);
  const ended = new AbortController();
  await server.start();
  for (const name of OTHERS) await server.acquire(name, 1);
  await untilReported(server);
  server.leaveOut();
  const regulars = Promise.all(
    REGULARS.map((name) => askOverAndOver(server, name, random, ended.signal)),
  );
  await askOnce(server, 0, names / 2, progress);
  await server.kill();
  await server.start();
  await askOnce(server, names / 2, names, progress);
  const dueAtMs = Date.now() + forgetAfterMs;
  await setTimeout(CLOSED_AFTER_MS);
  const before = server.disk;
  await server.kill();
  progress("forgetting: until all are due");
  await setTimeout(dueAtMs - Date.now());
  const firstGrantMs = await firstGrant(server);
  const removal = await untilRemoved(server, names, progress);
  const after = server.disk;
  const again = await askAgain(server, names, random);
  ended.abort();
  await regulars;
  const { kills } = server;
  const excess = largest([...server.grants.values()].map(excessOf));
  return { kills, before, after, firstGrantMs, ...removal, excess, again };
}

async function askOnce(
  server: KilledServer,
  from: number,
  to: number,
  progress: RunOptions["progress"],
): Promise<void> {
  const beganAtMs = Date.now();
  let next = from;
  const ask = async (): Promise<void> => {
    while (next < to) {
      const index = next;
      next += 1;
      const earlyMs = ((index - from) * 1_000) / MAX_NAMES_PER_S - (Date.now() - beganAtMs);
      if (earlyMs > 0) await setTimeout(earlyMs);
      // Refused while too many files are open.
      while ((await server.acquire(nameOf(index), POLICY.capacity)) === undefined)
        await setTimeout(POLL_MS);
      if (index % 1_000 === 0) progress(`forgetting: ${shown(index)} names asked`);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, ask));
}

/** Some of those that were forgotten start as any other, and give as much as any other. */
async function askAgain(server: KilledServer, names: number, random: Random): Promise<number> {
  const chosen = Array.from({ length: Math.min(500, names) }, () => random.integer(0, names - 1));
  let granted = 0;
  for (const index of chosen) {
    if ((await server.acquire(nameOf(index), POLICY.capacity)) === true) granted += 1;
  }
  return granted;
}

async function askOverAndOver(
  server: KilledServer,
  name: string,
  random: Random,
  signal: AbortSignal,
): Promise<void> {
  try {
    for (;;) {
      await server.acquire(name, random.integer(1, POLICY.capacity));
      const most = random.chance(0.5) ? 2 * server.forgetAfterMs : 2 * MIN_PAUSE_MS;
      await setTimeout(random.integer(MIN_PAUSE_MS, most), undefined, {
        signal,
      });
    }
  } catch {
    // It is over.
  }
}

/** The directory of busy buckets has a file, too, as long as it is in use: it is there after a bucket's first report. */
async function untilReported(server: KilledServer): Promise<void> {
  const REPORTED_AFTER_MS = 12_000;
  const untilMs = Date.now() + REPORTED_AFTER_MS;
  for (let number = 0; Date.now() < untilMs; number += 1) {
    await server.acquire(probe(number), 1);
    await setTimeout(POLL_MS);
  }
}

function forgetAfterMsOf(names: number): number {
  return Math.max(MIN_FORGET_AFTER_MS, FORGET_AFTER_MS_PER_NAME * names);
}

async function firstGrant(server: KilledServer): Promise<number> {
  const startedAtMs = performance.now();
  await server.start();
  // Some of these were used before, and have no token now.
  for (let number = 0; (await server.acquire(probe(number), 1)) !== true; number += 1) {
    await setTimeout(POLL_MS);
  }
  return performance.now() - startedAtMs;
}

/** Once half of the files are gone, the server is killed again. */
async function untilRemoved(
  server: KilledServer,
  names: number,
  progress: RunOptions["progress"],
): Promise<{ readonly tookMs: number; readonly longestMs: number }> {
  const patienceMs = 3 * WITHIN_MS + (2 * names * 1_000) / REMOVED_PER_S;
  const beganAtMs = performance.now();
  const answersMs: number[] = [];
  let startedAtMs = beganAtMs;
  for (let number = 0; ; number += 1) {
    const askedAtMs = performance.now();
    await server.acquire(probe(number), 1);
    answersMs.push(performance.now() - askedAtMs);
    const { files } = server.disk;
    progress(`forgetting: ${shown(files)} files left`);
    const nowMs = performance.now();
    if (files === 0 || nowMs - beganAtMs > patienceMs) {
      return { tookMs: nowMs - startedAtMs, longestMs: largest(answersMs) };
    }
    if (startedAtMs === beganAtMs && files < names / 2) {
      await server.kill();
      await server.start();
      startedAtMs = performance.now();
    }
    await setTimeout(POLL_MS);
  }
}

function probe(number: number): string {
  return PROBES[number % PROBES.length] ?? "probe";
}

function nameOf(index: number): string {
  return `once:${index}`;
}

/** Tokens granted beyond contract rule 8, in the worst window. */
function excessOf(grants: readonly Grant[]): number {
  const { capacity, refillTokens, refillIntervalMs } = POLICY;
  const inOrder = grants.toSorted((one, other) => one.grantedAtMs - other.grantedAtMs);
  let worst = 0;
  for (const [index, { grantedAtMs: fromMs }] of inOrder.entries()) {
    let tokens = 0;
    for (const grant of inOrder.slice(index)) {
      tokens += grant.tokens;
      const ticks = Math.floor((grant.grantedAtMs - fromMs) / refillIntervalMs) + 1;
      worst = Math.max(worst, tokens - capacity - ticks * refillTokens);
    }
  }
  return worst;
}

function idOf(file: string): string {
  return file.slice(0, file.indexOf("."));
}

function filesText({ files, bytes }: Disk): string {
  return `${shown(files)} (${shown(bytes)})`;
}

export const forgetting: Scenario = {
  name: "forgetting",
  async run({ names, ...options }) {
    const found = await forget(names, options);
    const { before, after, tookMs, firstGrantMs, longestMs, excess, kills, again } = found;
    const most = WITHIN_MS + (names * 1_000) / REMOVED_PER_S;
    const what = `${shown(names)} names asked once, with \`forgetAfterMs\` of ${shown(forgetAfterMsOf(names))}, and kill -9 at ${kills} stages`;
    return [
      {
        what: `${what}: files before (bytes)`,
        measured: filesText(before),
        holds: true,
      },
      {
        what: "the same, once they are forgotten",
        measured: filesText(after),
        limit: "0",
        holds: after.files === 0,
      },
      {
        what: "from the last start, with all of them due, until no file was left",
        measured: `${shown(Math.round(tookMs / 1_000))} s`,
        limit: `at most ${shown(Math.ceil(most / 1_000))} s`,
        holds: tookMs <= most,
      },
      {
        what: "tokens granted beyond the policy to any of these names, in any window",
        measured: `${excess} (${shown(again)} forgotten names asked again and granted)`,
        limit: "0",
        holds: excess === 0,
      },
      {
        what: "start of a server whose buckets are all due, until its first grant",
        measured: `${shown(Math.round(firstGrantMs))} ms`,
        holds: true,
      },
      {
        what: "longest answer while their files were removed",
        measured: `${shown(Math.round(longestMs))} ms`,
        holds: true,
      },
    ];
  },
};
