/**
 * Requests that are nearly right. Each starts as a valid one and is then changed a few times at random, by
 * what clients, proxies and attackers get wrong: an invalid number, a repeated parameter, a name of 129
 * characters, an extra slash, half a body.
 *
 * The result is still HTTP, or nearly so (broken-request.ts has what isn't); contract-oracle.ts predicts the
 * answers to it. All text is Latin-1: one character is one byte.
 */
import { gzipSync } from "node:zlib";

import type { Random } from "../kit/random.ts";
import type { HeaderLine } from "./odd-values.ts";

import {
  jsonNumbers,
  methods,
  oddBodies,
  oddHeaders,
  oddHosts,
  oddNames,
  oddPaths,
  prototypeNames,
  queryNumbers,
} from "./odd-values.ts";

/** A request to send. */
export interface FuzzedRequest {
  readonly method: string;
  readonly target: string;
  /** Without those that frame the body. */
  readonly headers: readonly HeaderLine[];
  /** `undefined`: no body; an empty one is still framed. */
  readonly body: Buffer | undefined;
  /** Whether it is sent in chunks, without a length. */
  readonly isChunked: boolean;
}

/** What the generator may know about the server. */
export interface Vocabulary {
  /** Buckets that exist. */
  readonly buckets: readonly string[];
  /** A name that a policy matches, of a bucket that doesn't exist yet. */
  readonly unmade: string;
  readonly apiToken: string;
  readonly adminToken: string;
}

/** A request under construction. `query` and `members` are texts as sent in the target and the body. */
interface Draft {
  method: string;
  path: string;
  query: string[];
  /** The members of a JSON body, as `"name":value`. */
  members: string[] | undefined;
  /** Replaces `members`. */
  body: Buffer | undefined;
  headers: HeaderLine[];
  isChunked: boolean;
}

type Mutation = (draft: Draft, random: Random, words: Vocabulary) => void;

/** A part of every wrong API key sent: no answer may repeat it. */
export const WRONG_TOKEN = "wr0ng-t0ken";
/** A header that only appears if an answer was split by text that it repeats. */
export const INJECTED_HEADER = "x-injected";

const MAX_MUTATIONS = 4;
/** The longest body that the contract allows, in bytes. */
const BODY_LIMIT = 16 * 1024;

const parameters = ["bucket", "tokens", "timeoutMs"];
/** Of limits that some bucket has, and of none. */
const namedTokens = "rate constructor month month tpd Month __proto__ toString a.b "
  .split(" ")
  .map((name) => `tokens.${name}`);
const policyNumbers = [
  "capacity",
  "refillTokens",
  "refillIntervalMs",
  "initialTokens",
  "queueLimit",
  "maxWaitMs",
];

const mutations: readonly Mutation[] = [
  // Method and path.
  (draft, random) => {
    draft.method = random.pick(methods);
  },
  (draft, random) => {
    draft.path = random.pick(oddPaths);
  },
  (draft, random) => {
    draft.path = random.pick([
      `${draft.path}/`,
      `/${draft.path}`,
      `/.${draft.path}`,
      `${draft.path}/..`,
      `/x/..${draft.path}`,
      `${draft.path};a=b`,
      draft.path.toUpperCase(),
      draft.path.slice(0, -1) || "/",
      `${draft.path}#f`,
      `http://other.example${draft.path}`,
    ]);
  },
  (draft, random) => {
    const at = random.integer(1, Math.max(1, draft.path.length - 1));
    const code = (draft.path.codePointAt(at) ?? 47).toString(16).padStart(2, "0");
    const encoded = random.pick([
      `%${code}`,
      `%25${code}`,
      `%${code.toUpperCase()}`,
      "%",
      "%c0%af",
      "%00",
    ]);
    draft.path = `${draft.path.slice(0, at)}${encoded}${draft.path.slice(at + 1)}`;
  },
  (draft, random) => {
    const name = random.pick(oddNames);
    if (draft.path.startsWith("/buckets/")) draft.path = `/buckets/${name}`;
    else setParameter(draft, "bucket", name);
  },
  // Query.
  (draft, random) => {
    setParameter(draft, random.pick(["tokens", "timeoutMs"]), random.pick(queryNumbers));
  },
  (draft, random) => {
    setParameter(draft, random.pick(namedTokens), random.pick(queryNumbers));
  },
  (draft, random) => {
    if (draft.members)
      setMember(draft, random.pick(namedTokens), random.pick(["0", "1", "60", "{}"]));
  },
  (draft, random) => {
    draft.query.push(random.pick(draft.query.length > 0 ? draft.query : ["bucket=x"]));
  },
  (draft, random, { unmade }) => {
    const name = random.pick(parameters);
    draft.query.push(`${name}=${random.pick(["1", "x", "", unmade, random.pick(queryNumbers)])}`);
  },
  (draft, random) => {
    draft.query = draft.query.filter(() => random.chance(0.5));
  },
  (draft, random) => {
    const name = random.pick([
      ...prototypeNames,
      "BUCKET",
      "Tokens",
      "bucket[]",
      "timeout",
      "token",
      "_method",
    ]);
    draft.query.push(`${name}=${random.pick(["1", "DELETE", "%00", "x".repeat(300)])}`);
  },
  (draft, random) => {
    draft.query.push(
      random.pick([
        "",
        "&",
        "=",
        "==",
        "?",
        "%",
        "%zz",
        "%00",
        "a=%ff",
        ";tokens=1",
        "tokens",
        "bucket",
      ]),
    );
  },
  (draft, random) => {
    const index = random.integer(0, Math.max(0, draft.query.length - 1));
    draft.query[index] = encodeName(draft.query[index] ?? "bucket=x", random);
  },
  // Body.
  (draft, random) => {
    setMember(draft, random.pick(namesFor(draft)), random.pick(jsonNumbers));
  },
  (draft, random) => {
    setMember(draft, random.pick(namesFor(draft)), random.pick(jsonNumbers));
    if (random.chance(0.5))
      setMember(draft, random.pick(namesFor(draft)), random.pick(jsonNumbers));
  },
  (draft, random) => {
    setMember(
      draft,
      "bucket",
      `"${random.pick(["", " ", "a b", "a\\u0000", "x".repeat(129), "\xc3\xa9", "nobody"])}"`,
    );
  },
  (draft, random) => {
    const name = random.pick([
      ...prototypeNames,
      ...parameters,
      ...policyNumbers,
      "name",
      "",
      "x",
      "\\u0062ucket",
    ]);
    (draft.members ??= []).push(`"${name}":${random.pick(jsonNumbers)}`);
  },
  (draft, random) => {
    const members = (draft.members ??= []);
    members.push(random.pick(members.length > 0 ? members : ['"a":1']));
  },
  (draft, random) => {
    const depth = random.pick([2, 50, 3_000]);
    const [open, close] = random.pick([
      ["[", "]"],
      ['{"a":', "1}"],
    ] as const);
    const deep = `${open.repeat(depth)}${open === "[" ? "" : "1"}${close.slice(-1).repeat(depth)}`;
    setMember(draft, random.pick(namesFor(draft)), deep);
  },
  (draft, random) => {
    const text = render(draft.members);
    const at = random.integer(0, text.length);
    const torn = [
      text.slice(0, at),
      text.slice(at),
      `\xef\xbb\xbf${text}`,
      `\xff\xfe${text}`,
      `${text}${text}`,
      `${text}\0`,
      `${text}//`,
      `[${text}]`,
      `"${text.replaceAll('"', '\\"')}"`,
      ` \t\r\n${text} `,
      `\x0b${text}`,
      `${text.slice(0, at)}\xff${text.slice(at)}`,
      `${text.slice(0, at)}\0${text.slice(at)}`,
      text.replaceAll('"', "'"),
      text.replace(/\}$/, ",}"),
    ];
    draft.body = latin1(random.pick(torn));
  },
  (draft, random) => {
    draft.body = latin1(random.pick(oddBodies));
  },
  (draft, random) => {
    const text = render(draft.members);
    const size = random.pick([BODY_LIMIT - 1, BODY_LIMIT, BODY_LIMIT + 1, 40_000, 200_000]);
    const filler = random.pick([" ", "\0", "x", "["]);
    draft.body = latin1(random.chance(0.7) ? text.padStart(size) : text.padEnd(size, filler));
  },
  (draft, random) => {
    const text = render(draft.members);
    draft.body = random.pick([gzipSync(text), Buffer.from(text, "utf16le"), randomBytes(random)]);
  },
  (draft) => {
    draft.isChunked = true;
  },
  (draft) => {
    draft.members = undefined;
    draft.body = undefined;
  },
  // Headers.
  (draft, random) => {
    draft.headers.push(random.pick(oddHeaders));
  },
  (draft, random) => {
    for (let count = random.integer(1, 6); count > 0; count -= 1) {
      draft.headers.push(random.pick(oddHeaders));
    }
  },
  (draft, random) => {
    const count = random.pick([20, 100]);
    for (let index = 0; index < count; index += 1) draft.headers.push([`X-${index}`, "y"]);
  },
  (draft, random) => {
    setHeader(draft, "Host", random.pick(oddHosts));
  },
  (draft, random, words) => {
    setHeader(draft, "Authorization", oddAuthorization(random, words));
  },
  (draft, random, words) => {
    setHeader(draft, "Authorization", oddAuthorization(random, words));
  },
  (draft, random, words) => {
    draft.headers.push(["authorization", oddAuthorization(random, words)]);
  },
  (draft) => {
    draft.headers = draft.headers.filter(([name]) => name !== "Authorization");
  },
];

/** Draws a valid request and changes it up to `MAX_MUTATIONS` times. */
export function drawRequest(random: Random, words: Vocabulary): FuzzedRequest {
  const draft = legalDraft(random, words);
  for (let left = random.integer(0, MAX_MUTATIONS); left > 0; left -= 1) {
    random.pick(mutations)(draft, random, words);
  }
  return finished(draft);
}

/** Draws a valid request. */
export function drawPlainRequest(random: Random, words: Vocabulary): FuzzedRequest {
  return finished(legalDraft(random, words));
}

function legalDraft(random: Random, words: Vocabulary): Draft {
  const name = random.pick([...words.buckets, words.unmade, "nobody", "toString"]);
  const draft: Draft = {
    method: "GET",
    path: "/acquire",
    query: [],
    members: undefined,
    body: undefined,
    headers: [["Host", "sluice.example"]],
    isChunked: false,
  };
  const route = random.pick([
    "get",
    "get",
    "post",
    "post",
    "read",
    "put",
    "put",
    "delete",
    "health",
  ]);
  const isAdmin = route === "put" || route === "delete";
  draft.headers.push(["Authorization", `Bearer ${isAdmin ? words.adminToken : words.apiToken}`]);
  if (random.chance(0.2)) draft.headers.push(["Accept", "application/json"]);
  if (random.chance(0.2)) draft.headers.push(["User-Agent", "fuzz"]);
  if (route === "get" || route === "post") {
    const asked: [string, string][] = [["bucket", name]];
    if (random.chance(0.5)) asked.push(["tokens", random.pick(["1", "2", "5", "6", "1000000000"])]);
    if (random.chance(0.5))
      asked.push(["timeoutMs", random.pick(["0", "1000", "60000", "3600000"])]);
    if (random.chance(0.3)) asked.push([random.pick(namedTokens), random.pick(["0", "1", "60"])]);
    draft.method = route === "get" ? "GET" : "POST";
    for (const [field, value] of asked) {
      const json = field === "bucket" ? JSON.stringify(value) : value;
      if (route === "post" && random.chance(0.7)) setMember(draft, field, json);
      else draft.query.push(`${field}=${encodeURIComponent(value)}`);
    }
    if (draft.members) draft.headers.push(["Content-Type", "application/json"]);
  } else if (route === "health") {
    draft.path = "/healthz";
    draft.method = random.pick(["GET", "HEAD"]);
  } else {
    draft.path = `/buckets/${encodeURIComponent(name)}`;
    draft.method =
      { read: random.pick(["GET", "HEAD"]), put: "PUT", delete: "DELETE" }[route] ?? "GET";
    if (route === "put") {
      draft.members = policyNumbers
        .filter(() => random.chance(0.3))
        .map((field) => `"${field}":60`);
      draft.headers.push(["Content-Type", "application/json"]);
    }
  }
  return draft;
}

function oddAuthorization(random: Random, { apiToken, adminToken }: Vocabulary): string {
  const right = random.pick([apiToken, adminToken]);
  return random.pick([
    "",
    "Bearer",
    "Bearer ",
    `Bearer ${WRONG_TOKEN}`,
    `Bearer ${WRONG_TOKEN}`,
    `Bearer ${right}${WRONG_TOKEN}`,
    `Bearer ${right.slice(0, -1)}`,
    `Bearer ${right.toUpperCase()}`,
    `Bearer ${right},${WRONG_TOKEN}`,
    `Bearer ${"x".repeat(5_000)}`,
    "Bearer \xff\xfe",
    "Bearer __proto__",
    "Bearer undefined",
    "Bearer null",
    `bearer ${right}`,
    `BEARER   ${right}  `,
    `Bearer\t${right}`,
    `Basic ${Buffer.from(`admin:${right}`).toString("base64")}`,
    `Token ${right}`,
    right,
    `Bearer ${apiToken}`,
    `Bearer ${adminToken}`,
  ]);
}

function finished({
  method,
  path,
  query,
  members,
  body,
  headers,
  isChunked,
}: Draft): FuzzedRequest {
  const target = query.length > 0 ? `${path}?${query.join("&")}` : path;
  const rendered = body ?? (members && latin1(render(members)));
  return {
    method,
    target,
    headers,
    body: rendered,
    isChunked: isChunked && rendered !== undefined,
  };
}

function render(members: readonly string[] = []): string {
  return `{${members.join(",")}}`;
}

function namesFor({ path }: Draft): readonly string[] {
  return path.startsWith("/buckets/") ? policyNumbers : parameters;
}

function setParameter(draft: Draft, name: string, value: string): void {
  draft.query = [...draft.query.filter((text) => !text.startsWith(`${name}=`)), `${name}=${value}`];
}

function setMember(draft: Draft, name: string, json: string): void {
  const others = (draft.members ?? []).filter((text) => !text.startsWith(`"${name}":`));
  draft.members = [...others, `"${name}":${json}`];
}

function setHeader(draft: Draft, name: string, value: string): void {
  draft.headers = [...draft.headers.filter((line) => line[0] !== name), [name, value]];
}

/** Percent-encodes one character of a parameter, which means the same, or encodes it twice. */
function encodeName(text: string, random: Random): string {
  const at = random.integer(0, Math.max(0, text.length - 1));
  const code = (text.codePointAt(at) ?? 61).toString(16);
  return `${text.slice(0, at)}${random.pick(["%", "%25"])}${code}${text.slice(at + 1)}`;
}

function randomBytes(random: Random): Buffer {
  return Buffer.from(Array.from({ length: random.integer(1, 200) }, () => random.integer(0, 255)));
}

function latin1(text: string): Buffer {
  return Buffer.from(text, "latin1");
}
