/**
 * Predicts the answers to a request from the contract alone (CONTRACT.md and docs/reference/http.md), without using
 * any of the code that it checks.
 *
 * A verdict is a set of answers, for two reasons. The contract doesn't say which of two faults is reported
 * first. And some requests have two readings (`/x/../acquire`, a `#` in the target, two API keys), each with
 * its own answers. If any reading would take a token, change a policy or create an object, the request is
 * unsafe, and the fuzzer doesn't send it.
 */
import { isDeepStrictEqual } from "node:util";

import type { BusyBuckets } from "../src/protocol/busy-bucket.ts";
import type { BucketSnapshot } from "../src/protocol/bucket-snapshot.ts";
import type { ProblemBody } from "../src/protocol/problem-document.ts";
import type { RawAnswer } from "../kit/http/raw-connection.ts";
import type { FuzzedRequest } from "./fuzzed-request.ts";

import { INJECTED_HEADER, WRONG_TOKEN } from "./fuzzed-request.ts";
import { wordsIn } from "./odd-values.ts";

/** What the oracle knows about the server. */
export interface ServerFacts {
  /** The buckets that exist; they don't change during a run. */
  readonly buckets: ReadonlyMap<string, BucketSnapshot>;
  /** The bucket whose queue is so long that every further request is refused with `timeout`. */
  readonly contended: string;
  /** Names with this prefix have a policy, and no others. */
  readonly prefix: string;
  readonly apiToken: string;
  readonly adminToken: string;
}

/** The answers that a request may get. */
export interface Verdict {
  /** Each a status and a reason, or `200 health`, `200 snapshot`, `200 list`, `200 page`. */
  readonly answers: ReadonlySet<string>;
  /** Fields that `errors` of a 400 must name. */
  readonly mustName: ReadonlySet<string>;
  /** Further fields that it may name; `*`: any. */
  readonly mayName: ReadonlySet<string>;
  /** Whether any reading of it changes something. */
  readonly isUnsafe: boolean;
  /** Whether the runtime may refuse it before the Worker sees it, since it isn't HTTP, or very large. */
  readonly mayBeRefused: boolean;
  /** The bucket that is asked, whose snapshot a `200` contains. */
  readonly bucket?: string;
}

const INVALID = "400 invalid-request";
const BODY_LIMIT = 16_384;
const MAX_WAIT_MS = 3_600_000;
/** What parameters begin with that are of one limit. */
const NAMED = "tokens.";
const NAME = /^[A-Za-z0-9._:@/-]{1,128}$/;
/** No message is longer, whatever was sent. */
const MAX_MESSAGE_LENGTH = 250;
/** Nor is a detail, which has up to five messages. */
const MAX_DETAIL_LENGTH = 1_250;
/** The target length that every HTTP server must support (RFC 9112, section 3). */
const SAFE_TARGET_LENGTH = 8_000;
/** Half of what this runtime accepts. */
const SAFE_HEAD_LENGTH = 32_000;

/** Methods that the runtime knows. CONNECT, which asks for a tunnel, never reaches a Worker. */
const knownMethods = new Set(
  wordsIn(`
    GET HEAD POST PUT DELETE PATCH PURGE OPTIONS TRACE COPY LOCK MKCOL MOVE PROPFIND PROPPATCH SEARCH
    UNLOCK ACL REPORT MKACTIVITY CHECKOUT MERGE MSEARCH NOTIFY SUBSCRIBE UNSUBSCRIBE QUERY BAN`),
);
/** The statuses of the runtime's own refusals. */
const runtimeRefusals = new Set([400, 408, 413, 414, 417, 431, 501, 505]);

const policyRanges: Readonly<Record<string, readonly [min: number, max: number]>> = {
  capacity: [1, 1_000_000_000],
  refillTokens: [1, 1_000_000_000],
  refillIntervalMs: [10, 86_400_000],
  initialTokens: [0, 1_000_000_000],
  queueLimit: [0, 10_000],
  maxWaitMs: [0, MAX_WAIT_MS],
};

const none: ReadonlySet<string> = new Set();

function says(answer: string, more: Partial<Verdict> = {}): Verdict {
  const answers = new Set([answer]);
  return { answers, mustName: none, mayName: none, isUnsafe: false, mayBeRefused: false, ...more };
}

const unsafe: Verdict = { ...says("200 grant"), isUnsafe: true };

function either(a: Verdict, b: Verdict): Verdict {
  const isFaulty = (verdict: Verdict): boolean => verdict.answers.has(INVALID);
  const blamed = [a, b].filter(isFaulty).map(({ mustName }) => mustName);
  const [first = none, second = first] = blamed;
  return {
    answers: a.answers.union(b.answers),
    mustName: first.intersection(second),
    mayName: a.mayName.union(b.mayName).union(a.mustName).union(b.mustName),
    isUnsafe: a.isUnsafe || b.isUnsafe,
    mayBeRefused: a.mayBeRefused || b.mayBeRefused,
    ...((a.bucket ?? b.bucket) !== undefined && { bucket: a.bucket ?? b.bucket ?? "" }),
  };
}

/** The faults of a request: certain ones, and those of one of two readings. */
class Faults {
  readonly #sure = new Set<string>();
  readonly #unsure = new Set<string>();

  add(field: string): void {
    this.#sure.add(field);
  }

  suspect(field: string): void {
    this.#unsure.add(field);
  }

  /** The verdict, given the one for a request without these faults. */
  over(verdict: () => Verdict): Verdict {
    const refusal = says(INVALID, { mustName: this.#sure, mayName: this.#unsure });
    if (this.#sure.size > 0) return refusal;
    return this.#unsure.size > 0 ? either(verdict(), refusal) : verdict();
  }
}

/** The refusal of a malformed body: it names the body, or whatever the body contains. */
function brokenBody(mustName: ReadonlySet<string> = new Set(["body"])): Verdict {
  return says(INVALID, { mustName, mayName: new Set(["*"]) });
}

/** The verdict on an incomplete body, which is refused, whatever it would have been. */
export const unfinished: Verdict = { ...brokenBody(none), mayBeRefused: true };

/** Any refusal. */
export const anyRefusal: Verdict = {
  ...unfinished,
  answers: new Set([
    INVALID,
    "401 unauthorized",
    "404 not-found",
    "404 unknown-bucket",
    "405 method-not-allowed",
    "413 body-too-large",
  ]),
};

/** The verdict on `GET /healthz`. */
export const healthy: Verdict = says("200 health");

/** The answers that the contract allows to `request`. */
export function judge(request: FuzzedRequest, facts: ServerFacts): Verdict {
  const verdicts = readingsOf(request).map((reading) => judgeReading(request, reading, facts));
  const verdict = verdicts.reduce(either);
  return { ...verdict, mayBeRefused: !isWellFormed(request) };
}

interface Reading {
  readonly path: string;
  readonly query: string;
}

/** The readings of the target: as it was sent, and as a normalised URL. */
function readingsOf({ target, headers }: FuzzedRequest): Reading[] {
  const origin = target.replace(/^https?:\/\/[^/?#]*/i, "");
  const host = headers.find(([name]) => name.toLowerCase() === "host")?.[1] ?? "";
  const texts = [origin];
  if (!isHost(host)) texts.push(`${host}${origin}`.replace(/^.[^/?#]*/, ""));
  const readings = texts.flatMap((text) => [split(text), split(text.split("#")[0] ?? "")]);
  for (const text of [`http://host${origin}`, `http://${host}${origin}`]) {
    if (!URL.canParse(text)) continue;
    const { pathname, search } = new URL(text);
    readings.push({ path: pathname, query: search.slice(1) });
  }
  const known = new Set<string>();
  return readings.filter(({ path, query }) => {
    const key = `${path}?${query}`;
    return !known.has(key) && known.add(key);
  });
}

function split(text: string): Reading {
  const start = text.indexOf("?");
  return start < 0
    ? { path: text, query: "" }
    : { path: text.slice(0, start), query: text.slice(start + 1) };
}

function isHost(host: string): boolean {
  return /^[A-Za-z0-9.-]+(:\d{1,5})?$/.test(host) || host === "[::1]";
}

function isWellFormed({ method, target, headers }: FuzzedRequest): boolean {
  const hosts = headers.filter(([name]) => name.toLowerCase() === "host");
  const origin = target.replace(/^http:\/\/[A-Za-z0-9.-]+/, "");
  const headLength = headers.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  return (
    knownMethods.has(method) &&
    /^\/[\w\-.~!$&'()*+,;=:@%/?]*$/.test(origin) &&
    target.length <= SAFE_TARGET_LENGTH &&
    headLength <= SAFE_HEAD_LENGTH &&
    hosts.length === 1 &&
    isHost(hosts[0]?.[1] ?? "") &&
    headers.every(([name, value]) => /^[\w!#$%&'*+.^`|~-]+$/.test(name) && isFieldValue(value))
  );
}

/** Visible characters, spaces, tabs and non-ASCII. */
function isFieldValue(value: string): boolean {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(value);
}

function judgeReading(
  request: FuzzedRequest,
  { path, query }: Reading,
  facts: ServerFacts,
): Verdict {
  const { method } = request;
  const plain = decodeUnreserved(path);
  const isPageThere = plain === "/" || /^\/buckets\/[^/]+$/.test(plain);
  if (isPageThere && ["GET", "HEAD"].includes(method) && wantsPage(request))
    return says("200 page");
  if (plain === "/healthz") {
    return ["GET", "HEAD"].includes(method) ? healthy : says("405 method-not-allowed");
  }
  if (plain === "/acquire") {
    if (!["GET", "POST", "DELETE"].includes(method)) return says("405 method-not-allowed");
    return guarded(request, facts.apiToken, () =>
      method === "DELETE"
        ? judgeCancel(request, query, facts)
        : judgeAcquire(request, query, facts),
    );
  }
  if (plain === "/buckets") {
    if (!["GET", "HEAD"].includes(method)) return says("405 method-not-allowed");
    return guarded(request, facts.apiToken, () => judgeList(query));
  }
  if (!/^\/buckets\/[^/]+$/.test(plain)) return says("404 not-found");
  const name = decode(path.slice(path.lastIndexOf("/") + 1));
  switch (method) {
    case "GET":
    case "HEAD":
      return guarded(request, facts.apiToken, () => judgeRead(name, facts));
    case "PUT":
      return guarded(request, facts.adminToken, () => judgePut(request, name, facts));
    case "DELETE":
      return guarded(request, facts.adminToken, () => nameFault(name, facts) ?? unsafe);
    default:
      return says("405 method-not-allowed");
  }
}

/** Browsers want the page, and accept `text/html`. Of the values drawn here, only JSON ranks equally. */
function wantsPage(request: FuzzedRequest): boolean {
  const isJsonWelcome = hasHeader(request, "accept", "application/json");
  return hasHeader(request, "accept", "text/html") && !isJsonWelcome;
}

/** Decodes characters that mean the same with and without percent-encoding (RFC 3986, section 6.2.2.2). */
function decodeUnreserved(path: string): string {
  return path.replace(/%([0-9a-f]{2})/gi, (encoded, hex: string) => {
    const character = String.fromCodePoint(Number.parseInt(hex, 16));
    return /[\w.~-]/.test(character) ? character : encoded;
  });
}

/** The name in a segment of a path; `undefined` if it isn't valid. */
function decode(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}

/** A caller without the API key learns nothing else. */
function guarded(request: FuzzedRequest, token: string, inner: () => Verdict): Verdict {
  const refusal = says("401 unauthorized");
  const lines = request.headers.filter(([name]) => name.toLowerCase() === "authorization");
  const carried = lines.filter(([, value]) => value.includes(token));
  if (carried.length === 0) return refusal;
  const [value = ""] = carried.map((line) => line[1].trim());
  const isCertain = lines.length === 1 && /^bearer /i.test(value);
  if (!isCertain) return either(refusal, inner());
  return value.slice("bearer".length).trim() === token ? inner() : refusal;
}

/** Its own parameters are not drawn, and only come about by chance; it ignores those of an acquire. */
function judgeList(query: string): Verdict {
  const parameters = new URLSearchParams(query);
  const faults = new Faults();
  for (const field of ["prefix", "sort", "limit", "recent"]) {
    if (parameters.has(field)) faults.suspect(field);
  }
  return faults.over(() => says("200 list"));
}

function judgeAcquire(request: FuzzedRequest, query: string, facts: ServerFacts): Verdict {
  const body = request.method === "POST" ? readBody(request.body) : emptyBody;
  if (body.kind !== "members") return body.verdict;
  const parameters = new URLSearchParams(query);
  const faults = new Faults();
  if (!body.isSure) faults.suspect("body");
  judgeKey(faults, request);
  for (const name of body.members.keys()) {
    const isKnown = ["bucket", "tokens", "timeoutMs"].includes(name) || name.startsWith(NAMED);
    if (!isKnown) faults.add(name);
  }
  const valuesOf = (field: string, parse: (text: string) => unknown = decimal): unknown[] => [
    ...parameters.getAll(field).map(parse),
    ...(body.members.has(field) ? [body.members.get(field)] : []),
  ];
  const [bucket, ...otherBuckets] = valuesOf("bucket", String);
  if (typeof bucket !== "string" || !NAME.test(bucket) || otherBuckets.length > 0) {
    faults.add("bucket");
  }
  const fields = [...parameters.keys(), ...body.members.keys()];
  const named = new Set(fields.filter((field) => field.startsWith(NAMED)));
  const least = named.size > 0 ? 0 : 1;
  const tokens = judgeNumber(faults, "tokens", valuesOf("tokens"), [least, Infinity]) ?? 1;
  const limits = new Map<string, number>();
  for (const field of named) {
    const value = judgeNumber(faults, field, valuesOf(field), [0, Infinity]) ?? 0;
    limits.set(field.slice(NAMED.length), value);
  }
  const timeoutMs = judgeNumber(faults, "timeoutMs", valuesOf("timeoutMs"), [0, MAX_WAIT_MS]);
  return faults.over(() => {
    const verdict = judgeAsked(String(bucket), { tokens, limits }, timeoutMs ?? 0, facts);
    // An event stream gets other answers.
    const isOdd = hasHeader(request, "accept", "text/event-stream");
    return isOdd && verdict.bucket !== undefined ? unsafe : verdict;
  });
}

/** A valid cancel is unsafe: it may end a caller's wait. */
function judgeCancel(request: FuzzedRequest, query: string, { prefix }: ServerFacts): Verdict {
  const faults = new Faults();
  judgeKey(faults, request);
  if (!request.headers.some(([name]) => name.toLowerCase() === "idempotency-key")) {
    faults.add("Idempotency-Key");
  }
  const [bucket = "", ...others] = new URLSearchParams(query).getAll("bucket");
  if (!NAME.test(bucket) || others.length > 0) faults.add("bucket");
  return faults.over(() => (bucket.startsWith(prefix) ? unsafe : says("404 unknown-bucket")));
}

/** A key is a string of 1 to 255 characters, in quotes, or without if that is unambiguous. */
function judgeKey(faults: Faults, request: FuzzedRequest): void {
  const lines = request.headers.filter(([name]) => name.toLowerCase() === "idempotency-key");
  const [text, ...others] = lines.map(([, value]) => value.trim());
  if (text === undefined) return;
  const isQuoted = text.length >= 2 && text.startsWith('"') && text.endsWith('"');
  const inner = isQuoted ? text.slice(1, -1).replaceAll(/\\["\\]/g, "e") : text;
  const isPlain = /^[\x20-\x7e]{1,255}$/.test(inner) && !/["\\]/.test(inner);
  const isKey = isPlain && (isQuoted || !/[ ,;]/.test(inner)) && others.length === 0;
  if (!isKey) faults.add("Idempotency-Key");
}

/** A parameter's text as a number, as `Odd` if it may be one, or unchanged. */
function decimal(text: string): unknown {
  if (/^(0|[1-9]\d*)$/.test(text)) return Number(text);
  return /^0+\d+$/.test(text) ? new Odd(Number(text)) : text;
}

/** A number in an unusual notation, which may or may not be accepted. */
class Odd {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

function judgeNumber(
  faults: Faults,
  field: string,
  values: readonly unknown[],
  [min, max]: readonly [number, number],
): number | undefined {
  const [given, ...others] = values;
  if (given === undefined) return undefined;
  const value = given instanceof Odd ? given.value : given;
  const isNumber = typeof value === "number" && Number.isInteger(value);
  if (!isNumber || value < min || value > max || others.length > 0) {
    // An integer of 400 digits is Infinity here: either it isn't a number, or it exceeds every capacity.
    if (value === Infinity && max === Infinity && others.length === 0) faults.suspect(field);
    else faults.add(field);
    return Infinity;
  }
  const isOdd = given instanceof Odd || Object.is(value, -0) || !Number.isSafeInteger(value);
  if (isOdd) faults.suspect(field);
  return value;
}

/** The verdict on a request that is valid by itself. */
function judgeAsked(
  name: string,
  { tokens, limits }: { readonly tokens: number; readonly limits: ReadonlyMap<string, number> },
  timeoutMs: number,
  facts: ServerFacts,
): Verdict {
  const bucket = facts.buckets.get(name);
  if (!bucket) return name.startsWith(facts.prefix) ? unsafe : says("404 unknown-bucket");
  const { maxWaitMs } = bucket.policy;
  const capacities = Object.entries({ rate: bucket.policy, ...bucket.policy.limits });
  const mustName = new Set<string>();
  if (timeoutMs > maxWaitMs) mustName.add("timeoutMs");
  const names = new Set(capacities.map(([limit]) => limit));
  const unknown = [...limits.keys()].filter((limit) => !names.has(limit));
  for (const limit of unknown) mustName.add(NAMED + limit);
  const asked = capacities.map(([limit, { capacity }]) => {
    const count = limits.get(limit) ?? tokens;
    return { count, isOver: count > capacity };
  });
  if (unknown.length === 0 && asked.every(({ count }) => count === 0)) mustName.add("tokens");
  const isOver = asked.some((each) => each.isOver);
  const tooMany = says("422 exceeds-capacity", { bucket: name });
  if (mustName.size > 0) {
    const invalid = says(INVALID, { mustName, bucket: name });
    return isOver ? either(invalid, tooMany) : invalid;
  }
  if (isOver) return tooMany;
  return name === facts.contended ? says("429 timeout", { bucket: name }) : unsafe;
}

function judgeRead(name: string | undefined, facts: ServerFacts): Verdict {
  const fault = nameFault(name, facts);
  if (fault || name === undefined) return fault ?? unsafe;
  return facts.buckets.has(name) ? says("200 snapshot", { bucket: name }) : unsafe;
}

/** The verdict on a name that is invalid, or that no policy matches. */
function nameFault(name: string | undefined, { prefix }: ServerFacts): Verdict | undefined {
  if (name === undefined || !NAME.test(name)) {
    return says(INVALID, { mustName: new Set(["NAME"]) });
  }
  return name.startsWith(prefix) ? undefined : says("404 unknown-bucket");
}

function judgePut(request: FuzzedRequest, name: string | undefined, facts: ServerFacts): Verdict {
  const ofName = nameFault(name, facts);
  const body = readBody(request.body);
  if (body.kind !== "members") return ofName ? either(ofName, body.verdict) : body.verdict;
  const faults = new Faults();
  if (!body.isSure) faults.suspect("body");
  for (const [field, value] of body.members) {
    const range = Object.hasOwn(policyRanges, field) ? policyRanges[field] : undefined;
    if (range) judgeNumber(faults, field, [value], range);
    else faults.add(field);
  }
  const ofBody = faults.over(() => ofName ?? judgeChanges(body.members, String(name), facts));
  return ofName ? either(ofName, ofBody) : ofBody;
}

/** The verdict on changes that are each valid by themselves. */
function judgeChanges(
  changes: ReadonlyMap<string, unknown>,
  name: string,
  { buckets }: ServerFacts,
): Verdict {
  const policy = buckets.get(name)?.policy;
  if (!policy) return unsafe;
  if (changes.size === 0) return says("200 snapshot", { bucket: name });
  const capacity = Number(changes.get("capacity") ?? policy.capacity);
  const initialTokens = Number(changes.get("initialTokens") ?? 0);
  if (initialTokens <= capacity) return unsafe;
  return says(INVALID, { mustName: new Set(["initialTokens"]), bucket: name });
}

type BodyReading =
  | { readonly kind: "broken"; readonly verdict: Verdict }
  | {
      readonly kind: "members";
      readonly members: ReadonlyMap<string, unknown>;
      /** False if a parser may reject it as JSON. */
      readonly isSure: boolean;
    };

const emptyBody: BodyReading = { kind: "members", members: new Map(), isSure: true };

function readBody(bytes: Buffer | undefined): BodyReading {
  if (!bytes || bytes.length === 0) return emptyBody;
  if (bytes.length > BODY_LIMIT) return { kind: "broken", verdict: says("413 body-too-large") };
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return { kind: "broken", verdict: brokenBody(none) };
  }
  const hasMark = bytes.length >= 3 && bytes.readUIntBE(0, 3) === 0xef_bb_bf;
  if (text.trim() === "") return { kind: "members", members: new Map(), isSure: false };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { kind: "broken", verdict: brokenBody() };
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { kind: "broken", verdict: brokenBody() };
  }
  const members = new Map<string, unknown>(Object.entries(value));
  const isNested = [...members.values()].some((member) => typeof member === "object" && member);
  if (countNames(text) !== countMembers(value)) {
    // A nested member may be a fault as well, and the one reported.
    return { kind: "broken", verdict: brokenBody(isNested ? none : new Set(["body"])) };
  }
  return { kind: "members", members, isSure: !hasMark };
}

/** How many members a valid JSON text has at all depths, repeated ones included. */
function countNames(json: string): number {
  const strings = [...json.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?/g)];
  return strings.filter(([, colon]) => colon !== undefined).length;
}

/** How many members a value has at all depths. */
function countMembers(value: unknown): number {
  let count = 0;
  const found = [value];
  for (const each of found) {
    if (typeof each !== "object" || each === null) continue;
    const members: unknown[] = Object.values(each);
    if (!Array.isArray(each)) count += members.length;
    found.push(...members);
  }
  return count;
}

function hasHeader({ headers }: FuzzedRequest, wanted: string, part = ""): boolean {
  return headers.some(([name, value]) => name.toLowerCase() === wanted && value.includes(part));
}

/** What is wrong with the `answer` to a request with `method`; `undefined` if nothing is. */
export function faultOf(
  answer: RawAnswer,
  method: string,
  verdict: Verdict,
  facts: ServerFacts,
): string | undefined {
  const { head, headers, status } = answer;
  const body = Buffer.from(answer.body, "latin1").toString();
  const secrets = [facts.apiToken, facts.adminToken, WRONG_TOKEN];
  if (secrets.some((secret) => head.includes(secret) || body.includes(secret))) {
    return "it repeats an API key";
  }
  if (headers.has(INJECTED_HEADER)) return "a header was injected";
  const type = headers.get("content-type") ?? "";
  if (type.startsWith("text/html")) return pageFault(answer, method, verdict);
  if (!/^application\/(problem\+)?json$/.test(type)) {
    const isRefusal = runtimeRefusals.has(status) && /^(text\/plain)?$/.test(type);
    if (!isRefusal || body.length > 100 || body.includes("<"))
      return `not JSON: ${type || "no type"}`;
    return verdict.mayBeRefused ? undefined : "the runtime refused valid HTTP";
  }
  if (headers.get("cache-control") !== "no-store") return "it is cacheable";
  if (status === 401 && !headers.get("www-authenticate")?.startsWith("Bearer")) {
    return "a 401 without WWW-Authenticate";
  }
  if (status === 405 && !headers.get("allow")) return "a 405 without Allow";
  const isProblem = type === "application/problem+json";
  if (isProblem !== status >= 400) return `${type} with ${status}`;
  if (method === "HEAD") {
    const statuses = [...verdict.answers].map((text) => Number.parseInt(text, 10));
    return statuses.includes(status)
      ? undefined
      : `expected ${listed(verdict.answers)}: got ${status}`;
  }
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return "the body is not JSON";
  }
  return isProblem
    ? problemFault(value as ProblemBody, answer, verdict)
    : successFault(value as BucketSnapshot, status, verdict, facts);
}

/** Checks that the page is the same for all, so that it can't contain anything of the request. */
function pageFault(
  { headers, status, body }: RawAnswer,
  method: string,
  { answers }: Verdict,
): string | undefined {
  const isExpected =
    status === 404 ? answers.has("404 not-found") : status === 200 && answers.has("200 page");
  if (!isExpected) return `expected ${listed(answers)}: got a page`;
  if (headers.get("cache-control") !== "no-store") return "the page is cacheable";
  const isPage = body.startsWith("<!doctype html>") && !/fuzz/i.test(body);
  return method === "HEAD" || isPage ? undefined : "it is not the usual page";
}

function successFault(
  value: BucketSnapshot,
  status: number,
  { answers, bucket = "" }: Verdict,
  { buckets }: ServerFacts,
): string | undefined {
  if (status === 200 && answers.has("200 health") && isDeepStrictEqual(value, { status: "ok" })) {
    return undefined;
  }
  if (status === 200 && answers.has("200 list") && isListOf(value, buckets)) return undefined;
  const expected = buckets.get(bucket);
  const isSame =
    expected && isDeepStrictEqual({ ...value, refused: 0 }, { ...expected, refused: 0 });
  if (status === 200 && answers.has("200 snapshot") && isSame) return undefined;
  return `expected ${listed(answers)}: got ${status} ${JSON.stringify(value)}`;
}

/** Whether it is a list of some of the server's buckets. */
function isListOf(value: object, buckets: ServerFacts["buckets"]): boolean {
  const { buckets: listed, omitted } = value as Partial<BusyBuckets>;
  return omitted === 0 && listed?.every(({ bucket }) => buckets.has(bucket)) === true;
}

function problemFault(
  problem: ProblemBody,
  { status, headers }: RawAnswer,
  verdict: Verdict,
): string | undefined {
  const { reason, detail, title, type, errors, retryAfterMs } = problem;
  if (problem.status !== status) return `status ${problem.status} in the body of a ${status}`;
  const answer = `${status} ${reason}`;
  if (!verdict.answers.has(answer)) return `expected ${listed(verdict.answers)}: got ${answer}`;
  if (typeof title !== "string" || typeof type !== "string" || typeof detail !== "string") {
    return "no title, type or detail";
  }
  if (detail.length > MAX_DETAIL_LENGTH) return `a detail of ${detail.length} characters`;
  if ((status === 400) !== (errors !== undefined)) return `only a 400 has errors: ${answer}`;
  if (errors) return errorsFault(errors, verdict);
  if (status !== 429) return undefined;
  if (retryAfterMs === undefined || retryAfterMs < 1) return `retryAfterMs is ${retryAfterMs}`;
  const seconds = String(Math.ceil(retryAfterMs / 1_000));
  if (headers.get("retry-after") !== seconds) return `Retry-After is not ${seconds}`;
  if (!type.endsWith("#quota-exceeded") || problem["violated-policies"]?.length !== 1) {
    return "a 429 that names no policy";
  }
  return headers.has("ratelimit") && headers.has("ratelimit-policy")
    ? undefined
    : "a 429 without RateLimit";
}

function errorsFault(
  errors: NonNullable<ProblemBody["errors"]>,
  { mustName, mayName }: Verdict,
): string | undefined {
  const named = new Set(errors.map(({ field }) => field));
  if (named.size === 0) return "a 400 that names no fault";
  if (!mustName.isSubsetOf(named))
    return `errors must name ${listed(mustName)}: got ${listed(named)}`;
  const allowed = mustName.union(mayName);
  if (!mayName.has("*") && !named.isSubsetOf(allowed)) {
    return `errors may only name ${listed(allowed)}: got ${listed(named)}`;
  }
  const longest = Math.max(...errors.map(({ message }) => message.length));
  return longest > MAX_MESSAGE_LENGTH ? `a message of ${longest} characters` : undefined;
}

function listed(words: ReadonlySet<string>): string {
  return [...words].join(", ") || "nothing";
}
