/**
 * The fast lane and the router give the same answer to every request. Each request goes both ways, to
 * deployments with buckets of their own, so that each way sees the same history; `Date` stands still. The
 * requests are those of the fuzzer (chaos/fuzzed-request.ts), and others close to what the fast lane takes.
 */
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";

import type { SluiceEnv } from "../../../src/worker/config/env.ts";
import type { Deployment } from "../../../src/worker/deployment.ts";

import { publicDeploymentOf, routes } from "../../../src/worker/app.ts";
import { acquireAtOnce } from "../../../src/worker/calls/acquire.ts";
import { createRoutes } from "../../../src/worker/routes.ts";
import { uniqueName, useVirtualTime } from "../../../kit/edge/virtual-time.ts";
import { Random } from "../../../kit/random.ts";
import { runs } from "../../../kit/runs.ts";

useVirtualTime();

/** A request as it comes over a socket. */
interface SentRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body?: Uint8Array | undefined;
}

interface Fuzzer {
  readonly drawRequest: (random: Random, words: object) => SentRequest;
}

/** The compiler must not follow this name: the fuzzer has the types of Node. */
const fuzzerPath: string = "../../../chaos/fuzzed-request.ts";
const { drawRequest } = (await import(fuzzerPath)) as Fuzzer;

const REQUESTS = 20_000;

const words = {
  buckets: ["fuzz:contended", "fuzz:overridden", "fuzz:idle/a@b"],
  unmade: "fuzz:unmade",
  apiToken: "fuzz-api-token-5f1c",
  adminToken: "fuzz-admin-token-9b7e",
};

const full = { capacity: 1_000_000, refillTokens: 1, refillIntervalMs: 86_400_000 };
/** Nobody waits: time stands still. */
const base = {
  PUBLIC: "true",
  POLICIES: {
    "fuzz:*": { ...full, initialTokens: 1_000_000, queueLimit: 0 },
    "fuzz:contended": { ...full, capacity: 1, queueLimit: 0 },
    a: { ...full, initialTokens: 50, queueLimit: 0, maxWaitMs: 1_000 },
  },
};

const deployments: readonly (readonly [string, object])[] = [
  ["open to everyone", base],
  ["with API_TOKEN", { ...base, API_TOKEN: words.apiToken }],
  [
    "with a token for some buckets",
    { ...base, API_TOKEN: [{ token: words.apiToken, buckets: ["fuzz:i*"] }] },
  ],
  ["with ALLOWED_HOSTS", { ...base, ALLOWED_HOSTS: "sluice.example" }],
  ["with CORS_ORIGINS", { ...base, CORS_ORIGINS: "https://evil.example" }],
  ["closed", { ...base, PUBLIC: "false" }],
];

/** Values that the fast lane takes. */
const usual = {
  names: [...words.buckets, "a", "nobody", "fuzz%3Aidle%2Fa%40b", "fuzz%3aidle", "x".repeat(128)],
  tokens: ["1", "2", "01", "1000001", "9007199254740991"],
  timeouts: ["0", "000", "1000", "60000", "3600000"],
} as const;

/** Values beside them. */
const odd = {
  names: ["", "+", "a+b", "%61", "a%20b", "%", "%zz", "%C3%A9", "é", "x".repeat(129), "fuzz%2541"],
  longNames: [
    "%61".repeat(128),
    "%61".repeat(129),
    `fuzz:${"x".repeat(123)}`,
    "fuzz%3A".repeat(30),
  ],
  tokens: ["0", "-1", "", "1e3", "9007199254740992", "9999999999999999", "%31"],
  timeouts: ["3600001", "9999999", "99999999", "+1", "%30", ""],
  more: [
    "other=1",
    "bucket=a",
    "tokens=1",
    "timeoutMs=0",
    "holdMs=1000",
    "holdMs=999",
    "",
    "#x",
    "tokens",
    "Tokens=2",
    "tokens.rate=1",
    "tokens.x=1",
  ],
  paths: [
    "/acquire/",
    "//acquire",
    "/%61cquire",
    "/x/../acquire",
    "/Acquire",
    "/acquire%3Fbucket=a",
  ],
  methods: ["HEAD", "POST", "DELETE", "OPTIONS"],
  hosts: ["SLUICE.example:80", "localhost", "other.example", "user@sluice.example", ""],
  headers: [
    ["Accept", "text/event-stream"],
    ["Accept", "text/event-stream, application/json"],
    ["Accept", "application/json, TEXT/EVENT-STREAM;q=0"],
    ["Accept", "text/html"],
    ["Idempotency-Key", '"k"'],
    ["Idempotency-Key", ""],
    ["Sluice-Ticket", `v1.W10.${"a".repeat(22)}`],
    ["Sluice-Ticket", ""],
    ["Origin", "https://evil.example"],
    ["Authorization", "Bearer wrong"],
    ["sluice-call", "{}"],
  ],
} as const;

/** A request that the fast lane takes; or nearly, with one or two odd parts. */
function drawNear(random: Random): SentRequest {
  const isOdd = (): boolean => random.chance(0.12);
  const names = isOdd() ? [...odd.names, ...odd.longNames] : usual.names;
  const query = [`bucket=${random.pick(names)}`];
  if (random.chance(0.5)) query.push(`tokens=${random.pick(isOdd() ? odd.tokens : usual.tokens)}`);
  if (random.chance(0.5)) {
    query.push(`timeoutMs=${random.pick(isOdd() ? odd.timeouts : usual.timeouts)}`);
  }
  if (isOdd()) query.push(random.pick(odd.more));
  if (isOdd()) query.reverse();
  const headers: [string, string][] = [
    ["Host", isOdd() ? random.pick(odd.hosts) : "sluice.example"],
    ...authorization(random),
  ];
  headers.push(random.chance(0.3) ? [...random.pick(odd.headers)] : ["Accept", "*/*"]);
  if (isOdd()) headers.push(["Last-Event-ID", "settled"]);
  const path = isOdd() ? random.pick(odd.paths) : "/acquire";
  const method = isOdd() ? random.pick(odd.methods) : "GET";
  return { method, target: `${path}?${query.join("&")}`, headers };
}

function authorization(random: Random): [string, string][] {
  return random.chance(0.8) ? [["Authorization", `Bearer ${words.apiToken}`]] : [];
}

/** The request as the runtime hands it over; `undefined` if it would refuse it itself. */
function received({ method, target, headers, body }: SentRequest): Request | undefined {
  const host = headers.find(([name]) => name === "Host")?.[1] ?? "";
  try {
    const hasBody = body !== undefined && method !== "GET" && method !== "HEAD";
    const request = new Request("http://sluice.example/", {
      method,
      headers: headers.filter(([name]) => name !== "Host").map(([...line]) => line),
      ...(hasBody && { body }),
    });
    // As it was sent. The constructor would normalise it, which workerd does not do with what comes in.
    const url = /^https?:/i.test(target) ? target : `http://${host}${target}`;
    return Object.defineProperty(request, "url", { value: url });
  } catch {
    return undefined;
  }
}

/** A deployment with buckets of its own. */
function environment(variables: object): SluiceEnv {
  const world = uniqueName("world");
  const getByName = (name: string) => env.BUCKETS.getByName(`${world}:${name}`);
  return { ...env, ...variables, BUCKETS: { getByName } as unknown as typeof env.BUCKETS };
}

/** A deployment whose objects answer nothing: it shows whether the fast lane takes a request. */
function emptyDeployment(variables: object): Deployment {
  const getByName = () => ({ fetch: async () => new Response(null) });
  const BUCKETS = { getByName } as unknown as typeof env.BUCKETS;
  return publicDeploymentOf({ ...env, ...variables, BUCKETS });
}

async function shown(app: typeof routes, request: Request, env: SluiceEnv): Promise<unknown> {
  try {
    const answer = await app.fetch(request, env);
    const { status, headers } = answer;
    return { status, headers: [...headers], body: await answer.text() };
  } catch (error) {
    // Hono fails at some URLs without a host.
    return { thrown: String(error) };
  }
}

interface Both {
  readonly fast: unknown;
  readonly routed: unknown;
}

/** Sends requests both ways, one after the other, and returns those that were answered differently. */
async function compare(variables: object, seed: number, count: number) {
  const [fastEnv, routedEnv] = [environment(variables), environment(variables)];
  const routed = createRoutes(publicDeploymentOf(routedEnv));
  const empty = emptyDeployment(variables);
  const differences: (SentRequest & Both)[] = [];
  const statuses = new Set<number>();
  let taken = 0;
  for (let index = 0; index < count; index += 1) {
    const random = new Random(seed, index);
    const sent = random.chance(0.3) ? drawRequest(random, words) : drawNear(random);
    const [one, other, probe] = [received(sent), received(sent), received(sent)];
    if (!one || !other || !probe) continue;
    if (acquireAtOnce(empty, probe)) taken += 1;
    const answers = {
      fast: await shown(routes, one, fastEnv),
      routed: await shown(routed, other, routedEnv),
    };
    statuses.add((answers.fast as { status: number }).status);
    if (JSON.stringify(answers.fast) !== JSON.stringify(answers.routed)) {
      differences.push({ ...sent, ...answers });
    }
  }
  return { differences, taken, statuses };
}

describe("the fast lane", () => {
  const count = Math.ceil(runs(REQUESTS) / deployments.length);

  it.each(deployments)("answers as the router does, %s", async (name, variables) => {
    const seed = deployments.findIndex(([other]) => other === name);
    const { differences, taken, statuses } = await compare(variables, seed, count);
    expect(differences.slice(0, 3)).toEqual([]);
    // Or nothing was compared.
    expect(taken).toBeGreaterThan(count / 20);
    expect(statuses.size).toBeGreaterThan(3);
  });
});
