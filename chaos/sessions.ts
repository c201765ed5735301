/**
 * Sessions whose server is killed, and sessions whose connections are cut, at any byte.
 *
 * Callers are those of the client: whatever happens to their sessions, they see a grant, and pay for it once. Each
 * client reaches the server through a relay of its own, which breaks its connections, or goes on to the server's next
 * run.
 */
import { setTimeout } from "node:timers/promises";

import type { AcquireOutcome } from "../src/client/acquire-outcome.ts";
import type { Client, ClosableClient } from "../src/client/client.ts";
import type { Figure, RunOptions, Scenario } from "./scenario.ts";

import { acquire, admin, changePolicy, snapshotOf, untilBucket } from "../kit/http/callers.ts";
import { Relay } from "../kit/http/relay.ts";
import { startWorkerd, type WorkerdServer } from "../kit/processes/server.ts";
import { Random } from "../kit/random.ts";
import { largest, median, shown, total } from "../kit/statistics.ts";
import { createClient } from "../src/client/index.ts";

/** No tick comes while callers wait, and a thousand tokens then. */
const slow = {
  capacity: 1_000,
  refillTokens: 1_000,
  refillIntervalMs: 600_000,
  initialTokens: 1,
  maxWaitMs: 3_600_000,
};
/** A few at each tick, so that some wait longer than others. */
const fast = { capacity: 10, refillTokens: 10, refillIntervalMs: 10 };
/** Doesn't refill: what is missing was granted. */
const counted = {
  capacity: 10_000_000,
  refillTokens: 10_000_000,
  refillIntervalMs: 86_400_000,
  initialTokens: 10_000_000,
};

/** How long callers wait between two kills. */
const BETWEEN_KILLS_MS = { min: 0, max: 500 };
/** How long a connection lasts before it is cut. If all were much shorter, acquires would end up over HTTP. */
const UNTIL_CUT_MS = { min: 100, max: 1_500 };
/** Acquires that each client has under way. */
const CALLERS_PER_CLIENT = 8;
const MAX_TOKENS = 5;

/** What came of kills while callers waited on sessions. */
export interface SessionKills {
  readonly callers: number;
  /** How many were back in the queue after each kill. */
  readonly back: readonly number[];
  /** How long that took from when the server listened again, in milliseconds. */
  readonly backAfterMs: readonly number[];
  readonly granted: number;
  /** How many were served before one that stood in front of them at first. */
  readonly outOfOrder: number;
}

/** What came of cuts while callers were served on sessions. */
export interface SessionCuts {
  readonly cuts: number;
  /** Grants that callers have received. */
  readonly grants: number;
  /** How often a client gave up, and was asked again for the same acquire. */
  readonly askedAgain: number;
  /** Acquires that were refused, though their tokens were there. */
  readonly refused: number;
  /** Tokens that the bucket lacks, and nobody has received. Negative: granted and forgotten. */
  readonly lostTokens: number;
}

interface Grant {
  readonly position: number;
  readonly outcome: AcquireOutcome;
}

/** Some clients, each behind a relay of its own. */
class RelayedClients implements AsyncDisposable {
  readonly relays: readonly Relay[];
  readonly clients: readonly ClosableClient[];

  private constructor(relays: readonly Relay[]) {
    this.relays = relays;
    this.clients = relays.map(({ url }) => createClient({ url, transport: "session" }));
  }

  static async open(port: number, count: number): Promise<RelayedClients> {
    const relays = Array.from({ length: count }, () => Relay.open(port));
    return new RelayedClients(await Promise.all(relays));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.clients) client.close();
    for (const relay of this.relays) await relay[Symbol.asyncDispose]();
  }
}

/** Kills the server `kills` times while `callers` wait on `sessions`, and then serves all of them. */
export async function killSessions(
  { sessions, callers, kills }: { sessions: number; callers: number; kills: number },
  { seed, progress }: Pick<RunOptions, "seed" | "progress">,
): Promise<SessionKills> {
  const random = new Random(seed);
  const bucket = "waited-for";
  await using server = await startWorkerd({ vars: admin.vars, policies: { "*": slow } });
  await acquire(server, bucket);
  await using relayed = await RelayedClients.open(server.port, sessions);
  const waiting = relayed.clients.flatMap((client) => {
    return Array.from({ length: callers / sessions }, () => queueUp(client, bucket));
  });
  await untilBucket(server, bucket, ({ waiters }) => waiters === callers);
  const back: number[] = [];
  const backAfterMs: number[] = [];
  for (let kill = 0; kill < kills; kill += 1) {
    progress(`sessions: kill ${kill + 1} of ${kills}`);
    await setTimeout(random.integer(BETWEEN_KILLS_MS.min, BETWEEN_KILLS_MS.max));
    await server.restart();
    const listensAtMs = performance.now();
    for (const relay of relayed.relays) relay.target = server.port;
    const { waiters } = await untilBucket(server, bucket, (snapshot) => {
      return snapshot.waiters === callers;
    }).catch(() => snapshotOf(server, bucket));
    back.push(waiters);
    backAfterMs.push(performance.now() - listensAtMs);
  }
  await changePolicy(server, bucket, fast);
  const grants = (await Promise.all(waiting)).filter(({ outcome }) => outcome.ok);
  return {
    callers,
    back,
    backAfterMs,
    granted: grants.length,
    outOfOrder: outOfOrder(grants),
  };
}

/** Acquires a token, and notes the first place in the queue. */
async function queueUp(client: Client, bucket: string): Promise<Grant> {
  let first: number | undefined;
  const outcome = await client.acquire(bucket, {
    onQueued: ({ position }) => {
      first ??= position;
    },
  });
  return { position: first ?? 0, outcome };
}

/** How many were served before one in front of them: at an earlier instant, or leaving more tokens at the same. */
function outOfOrder(grants: readonly Grant[]): number {
  const served = grants.flatMap(({ position, outcome }) =>
    outcome.ok ? [{ position, ...outcome }] : [],
  );
  const inOrder = served.toSorted((one, other) => one.position - other.position);
  return inOrder.filter((grant, index) => {
    const before = inOrder[index - 1];
    if (!before) return false;
    if (grant.grantedAtMs !== before.grantedAtMs) return grant.grantedAtMs < before.grantedAtMs;
    return grant.remaining > before.remaining;
  }).length;
}

/** Cuts the connections of `sessions` while callers are served on them, for `durationMs`. */
export async function cutSessions(
  { sessions, durationMs }: { sessions: number; durationMs: number },
  { seed, progress }: Pick<RunOptions, "seed" | "progress">,
): Promise<SessionCuts> {
  const random = new Random(seed);
  const bucket = "counted";
  await using server: WorkerdServer = await startWorkerd({ policies: { "*": counted } });
  await using relayed = await RelayedClients.open(server.port, sessions);
  progress(`sessions: cut for ${durationMs} ms`);
  const over = new AbortController();
  let cuts = 0;
  const cutting = relayed.relays.map(async (relay) => {
    while (!over.signal.aborted) {
      await setTimeout(random.integer(UNTIL_CUT_MS.min, UNTIL_CUT_MS.max));
      if (relay.size > 0) cuts += 1;
      if (random.chance(0.5)) relay.cut();
      else relay.cutWithinNext();
    }
  });
  const asking = relayed.clients.flatMap((client) => {
    return Array.from({ length: CALLERS_PER_CLIENT }, () =>
      keepAsking(client, bucket, random, over.signal),
    );
  });
  await setTimeout(durationMs);
  over.abort();
  await Promise.all(cutting);
  const asked = await Promise.all(asking);
  const received = total(asked.map(({ tokens }) => tokens));
  const { tokens } = await snapshotOf(server, bucket);
  return {
    cuts,
    grants: total(asked.map(({ grants }) => grants)),
    askedAgain: total(asked.map(({ askedAgain }) => askedAgain)),
    refused: total(asked.map(({ refused }) => refused)),
    lostTokens: counted.capacity - tokens - received,
  };
}

/** Acquires one after the other until the signal aborts. Each has a key, by which it is asked again if need be. */
async function keepAsking(
  client: Client,
  bucket: string,
  random: Random,
  signal: AbortSignal,
): Promise<{ tokens: number; grants: number; askedAgain: number; refused: number }> {
  const counts = { tokens: 0, grants: 0, askedAgain: 0, refused: 0 };
  while (!signal.aborted) {
    const tokens = random.integer(1, MAX_TOKENS);
    const ask = { tokens, idempotencyKey: crypto.randomUUID() };
    let outcome: AcquireOutcome | undefined;
    while (!outcome) {
      outcome = await client.acquire(bucket, ask).catch(() => undefined);
      if (!outcome) counts.askedAgain += 1;
    }
    if (outcome.ok) {
      counts.tokens += tokens;
      counts.grants += 1;
    } else counts.refused += 1;
    // Callers that ask without a pause would leave no time to the sessions' own calls.
    await setTimeout(random.integer(0, 5));
  }
  return counts;
}

export const sessions: Scenario = {
  name: "sessions",
  async run(options) {
    const killed = await killSessions({ sessions: 20, callers: 1_000, kills: 5 }, options);
    const cut = await cutSessions({ sessions: 20, durationMs: 20_000 }, options);
    return [...figuresOfKills(killed), ...figuresOfCuts(cut)];
  },
};

function figuresOfKills({
  callers,
  back,
  backAfterMs,
  granted,
  outOfOrder: early,
}: SessionKills): Figure[] {
  const fewest = Math.min(...back, granted);
  const whole = shown(callers);
  return [
    {
      what: `kill -9 while ${whole} callers wait on 20 sessions, ${back.length} times: back in the queue each time, and granted in the end`,
      measured: shown(fewest),
      limit: whole,
      holds: fewest === callers,
    },
    {
      what: "the same: served before one that stood in front of them",
      measured: shown(early),
      limit: "0",
      holds: early === 0,
    },
    {
      what: "the same: all are back after the server listens, median and longest",
      measured: `${shown(Math.round(median(backAfterMs)))} ms (${shown(Math.round(largest(backAfterMs)))})`,
      holds: true,
    },
  ];
}

function figuresOfCuts({ cuts, grants, askedAgain, refused, lostTokens }: SessionCuts): Figure[] {
  return [
    {
      what: `connections of 20 sessions cut at any byte, ${shown(cuts)} times in ${shown(grants)} grants: tokens that nobody received, or that were given out twice`,
      measured: shown(lostTokens),
      limit: "0",
      holds: lostTokens === 0,
    },
    {
      what: "the same: acquires that were refused; on which a client gave up, so that they were asked again by their key",
      measured: `${shown(refused)}; ${shown(askedAgain)}`,
      limit: "0 refused",
      holds: refused === 0,
    },
  ];
}
