/**
 * Requests that are barely HTTP, or not at all: a header without a colon, two lengths, a chunk of size `zz`,
 * a connection that ends halfway. The runtime refuses most of them before the Worker sees them. None may be
 * carried out, and nothing that follows one may be taken for a request.
 *
 * So the most dangerous ones are built from requests that would be carried out if they were complete: an
 * acquire whose body never ends, a DELETE with the right API key behind an invalid length.
 */
import type { Random } from "../kit/random.ts";
import type { FuzzedRequest, Vocabulary } from "./fuzzed-request.ts";

import {
  anyRefusal,
  healthy,
  judge,
  unfinished,
  type ServerFacts,
  type Verdict,
} from "./contract-oracle.ts";
import { drawPlainRequest, drawRequest, WRONG_TOKEN } from "./fuzzed-request.ts";
import { wordsIn } from "./odd-values.ts";

/** The bytes for one connection. */
export interface BrokenRequest {
  readonly kind: string;
  readonly bytes: Buffer;
  /** The methods of the requests in it, if any. */
  readonly methods: readonly string[];
  /** The verdicts on the answers, in order; there may be fewer answers, but not more. */
  readonly verdicts: readonly Verdict[];
  /** Whether the client is gone before any answer. */
  readonly isBrokenOff?: boolean;
}

type Maker = (random: Random, words: Vocabulary, facts: ServerFacts) => BrokenRequest;

/** Far more than it takes to draw a suitable one. */
const MAX_DRAWS = 1_000;
/** How many requests changed bytes can turn one into. */
const MAX_REQUESTS = 8;
const NEXT = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";

const badLengths = [
  "",
  " ",
  "5 5",
  "5, 6",
  "\xb5",
  ...wordsIn("-1 +5 0x5 5.0 5e0 five 99999999999999999999"),
];
const badEncodings = [
  "",
  "chunked, x",
  "chunked\x0b",
  "chunked chunked",
  ...wordsIn("identity xchunked x ;chunked"),
];
const badChunks = [
  "",
  "5 5",
  " 5",
  "\0",
  "5\r\nab",
  "1\r\nab\r\n",
  ...wordsIn("zz -1 0x5 fffffffffffffffff G +2"),
];
/** Header lines that are invalid, or that conflict with another line. */
const badLines = [
  "Space : x",
  ": x",
  "(x): y",
  "X\xe9: y",
  "X: a\rb",
  "X: a\0b",
  "X: a\x0bb",
  "X: \x7f",
  "X: a\r\n folded",
  " X: y",
  "\tX: y",
  "X\0: y",
  "\r: x",
  "@: \0",
  "Host: other.example",
  "Content-Length: 0\r\nContent-Length: 1",
  "Transfer-Encoding: identity",
  "Content-Length: -0",
  ...wordsIn("No-Colon Host:"),
];

/** Each makes a different kind of fault; drawn evenly. */
const makers: readonly Maker[] = [
  // Heads.
  (random, words, facts) => {
    const request = safeBodied(random, words, facts);
    const lines = headOf(request);
    lines.splice(random.integer(1, lines.length), 0, random.pick(badLines));
    const verdict = lenientBody(judge(request, facts));
    return one("header line", wire(lines, bodyOf(request)), request.method, [verdict]);
  },
  (random, words, facts) => {
    const request = safeBodied(random, words, facts);
    const [line = "", ...lines] = headOf(request);
    const { method, target } = request;
    const odd = random.pick([
      "",
      method,
      `${method}  ${target} HTTP/1.1`,
      `${method}\t${target}\tHTTP/1.1`,
      ` ${line}`,
      `\0${line}`,
      `\r\n${line}`,
      `${line} x`,
      `${method} ${target}`,
      `${method} ${target} HTTP/1.0`,
      `${method} ${target} HTTP/2.0`,
      `${method} ${target} HTTP/9.9`,
      `${method} ${target} http/1.1`,
      `${method} ${target}\xe9 HTTP/1.1`,
      `${method} ${target}\0 HTTP/1.1`,
      `G\xcbT ${target} HTTP/1.1`,
      `G(T ${target} HTTP/1.1`,
      `${method} ${target.slice(1)} HTTP/1.1`,
      `${method} ftp://x${target} HTTP/1.1`,
      `${method} http:// HTTP/1.1`,
      `${method} * HTTP/1.1`,
    ]);
    const verdict = lenient(judge(request, facts));
    const verdicts = [{ ...verdict, answers: verdict.answers.union(anyRefusal.answers) }];
    return one("request line", wire([odd, ...lines], bodyOf(request)), request.method, verdicts);
  },
  (random, words, facts) => {
    const request = safeRequest(random, words, facts);
    const text = wire(headOf(request), bodyOf(request)).toString("latin1");
    const bytes = Buffer.from(text.replaceAll("\r\n", "\n"), "latin1");
    return one("bare LF", bytes, request.method, [lenientBody(judge(request, facts))]);
  },
  (random) => {
    const large = random.pick([
      `GET /acquire?bucket=${"x".repeat(random.pick([65_000, 70_000, 300_000]))} HTTP/1.1\r\nHost: x\r\n\r\n`,
      `GET /acquire HTTP/1.1\r\nHost: x\r\n${`X: ${"y".repeat(100)}\r\n`.repeat(6_000)}\r\n`,
      `GET /acquire HTTP/1.1\r\nHost: x\r\n${"X: y\r\n".repeat(random.pick([1_000, 10_000]))}\r\n`,
      `GET /acquire HTTP/1.1\r\nHost: x\r\nX: ${"y".repeat(random.pick([60_000, 600_000]))}\r\n\r\n`,
      `${"G".repeat(100_000)} /acquire HTTP/1.1\r\nHost: x\r\n\r\n`,
    ]);
    return one("large head", latin1(large), "GET", [anyRefusal]);
  },
  (random) => {
    const garbage = random.pick([
      "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      "SSH-2.0-OpenSSH_9.9\r\n",
      "\0".repeat(1_000),
      "\r\n".repeat(1_000),
      String.fromCodePoint(...Array.from({ length: 300 }, () => random.integer(0, 255))),
    ]);
    return one("garbage", latin1(garbage), "GET", [anyRefusal]);
  },
  (random, words, facts) => {
    // Whatever a changed byte makes of it, it has no valid API key.
    const request = safeRequest(random, words, facts);
    const headers = request.headers.filter(([name]) => name.toLowerCase() !== "authorization");
    const wrong = {
      ...request,
      headers: [...headers, ["Authorization", `Bearer ${WRONG_TOKEN}`]] as const,
    };
    const bytes = wire(headOf(wrong), bodyOf(wrong));
    for (let count = random.integer(1, 3); count > 0; count -= 1) {
      bytes[random.integer(0, bytes.length - 1)] = random.integer(0, 255);
    }
    // It may be a HEAD now, or no longer, and two or more requests.
    const method = bytes.subarray(0, 5).toString("latin1") === "HEAD " ? "HEAD" : "GET";
    const verdict = { ...anyRefusal, answers: anyRefusal.answers.union(healthy.answers) };
    return {
      kind: "changed byte",
      bytes,
      methods: [method],
      verdicts: Array.from({ length: MAX_REQUESTS }, () => verdict),
    };
  },
  // Requests that would be carried out if their bodies were complete.
  (random, words, facts) => {
    const request = legalBody(random, words, facts);
    const body = request.body ?? Buffer.alloc(0);
    const more = body.length + random.integer(1, 100);
    const sent = random.chance(0.5) ? body : body.subarray(0, random.integer(0, body.length));
    const bytes = wire([...startOf(request), `Content-Length: ${more}`], sent);
    return one("body cut off", bytes, request.method, [unfinished]);
  },
  (random, words, facts) => {
    const request = legalBody(random, words, facts);
    const chunk = chunkOf(request.body);
    const tail = random.pick(["", "0", "0\r\n", "5\r\nab", "f"]);
    const bytes = wire(
      [...startOf(request), "Transfer-Encoding: chunked"],
      latin1(`${chunk}${tail}`),
    );
    return one("chunks cut off", bytes, request.method, [unfinished]);
  },
  (random, words, facts) => {
    const request = legalBody(random, words, facts);
    const bad = `${chunkOf(request.body)}${random.pick(badChunks)}\r\n\r\n0\r\n\r\n${legalBytes(random, words, facts)}`;
    const bytes = wire([...startOf(request), "Transfer-Encoding: chunked"], latin1(bad));
    return one("bad chunk", bytes, request.method, [unfinished]);
  },
  (random, words, facts) => {
    const request = legalBody(random, words, facts);
    const line = `Content-Length: ${random.pick(badLengths)}`;
    const rest = latin1(
      `${request.body?.toString("latin1") ?? ""}${legalBytes(random, words, facts)}`,
    );
    const bytes = wire([...startOf(request), line], rest);
    return one("bad length", bytes, request.method, [unfinished]);
  },
  (random, words, facts) => {
    const request = legalBody(random, words, facts);
    const length = request.body?.length ?? 0;
    const lines = [`Content-Length: ${length}`, `Content-Length: ${length + random.integer(1, 9)}`];
    if (random.chance(0.5)) lines.reverse();
    const rest = latin1(
      `${request.body?.toString("latin1") ?? ""}${legalBytes(random, words, facts)}`,
    );
    return one("two lengths", wire([...startOf(request), ...lines], rest), request.method, [
      unfinished,
    ]);
  },
  (random, words, facts) => {
    const request = legalBody(random, words, facts);
    const line = `Transfer-Encoding: ${random.pick(badEncodings)}`;
    const rest = latin1(
      `${chunkOf(request.body).slice(0, -2)}zz${legalBytes(random, words, facts)}`,
    );
    return one("bad encoding", wire([...startOf(request), line], rest), request.method, [
      unfinished,
    ]);
  },
  (random, words, facts) => {
    const request = legalRequest(random, words, facts);
    const text = headOf(request).join("\r\n");
    const bytes = latin1(text.slice(0, random.integer(1, text.length)));
    return one("head cut off", bytes, request.method, [{ ...unfinished, answers: new Set() }]);
  },
  (random, words, facts) => {
    const request = legalBody(random, words, facts);
    const body = request.body ?? Buffer.alloc(0);
    const bytes = wire([...startOf(request), `Content-Length: ${body.length + 1}`], body);
    return { ...one("broken off", bytes, request.method, []), isBrokenOff: true };
  },
  // Two framings at once: whichever is used, the body must not be taken for a request.
  (random, words, facts) => {
    const safe = (): FuzzedRequest => safeRequest(random, words, facts);
    const emptied = (request: FuzzedRequest): Verdict => {
      return judge({ ...request, body: Buffer.alloc(0) }, facts);
    };
    const request = drawn(safe, (one) => !emptied(one).isUnsafe);
    const smuggled = random.chance(0.5) ? NEXT : legalBytes(random, words, facts);
    const lines = [`Content-Length: ${5 + smuggled.length}`, "Transfer-Encoding: chunked"];
    if (random.chance(0.5)) lines.reverse();
    const bytes = wire([...startOf(request), ...lines], latin1(`0\r\n\r\n${smuggled}`));
    return one("length and chunks", bytes, request.method, [lenientBody(emptied(request))]);
  },
  // Complete requests, pipelined.
  (random, words, facts) => {
    const request = safeRequest(random, words, facts);
    const bytes = Buffer.concat([wire(headOf(request), bodyOf(request)), latin1(NEXT)]);
    const verdicts = [judge(request, facts), healthy];
    return { kind: "pipelined", bytes, methods: [request.method, "GET"], verdicts };
  },
];

/** Draws the bytes for one connection. */
export function drawBroken(random: Random, words: Vocabulary, facts: ServerFacts): BrokenRequest {
  return random.pick(makers)(random, words, facts);
}

/** Draws a request that changes nothing, however it is read. */
export function safeRequest(random: Random, words: Vocabulary, facts: ServerFacts): FuzzedRequest {
  return drawn(
    () => drawRequest(random, words),
    (request) => !judge(request, facts).isUnsafe,
  );
}

/** The bytes of a complete request. */
export function bytesOf(request: FuzzedRequest): Buffer {
  return wire(headOf(request), bodyOf(request));
}

function one(
  kind: string,
  bytes: Buffer,
  method: string,
  verdicts: readonly Verdict[],
): BrokenRequest {
  return { kind, bytes, methods: [method], verdicts };
}

/** The verdict, if the runtime may also refuse the request. */
function lenient(verdict: Verdict): Verdict {
  return { ...verdict, mayBeRefused: true };
}

/** The verdict, if the body may also have arrived incomplete. */
function lenientBody(verdict: Verdict): Verdict {
  return { ...lenient(verdict), ...looser(verdict) };
}

function looser({ answers }: Verdict): Pick<Verdict, "answers" | "mustName" | "mayName"> {
  const { mustName, mayName } = unfinished;
  return { answers: answers.union(unfinished.answers), mustName, mayName };
}

/** A request that would be carried out: it takes a token, changes a policy, or creates or deletes a bucket. */
function legalRequest(random: Random, words: Vocabulary, facts: ServerFacts): FuzzedRequest {
  return drawn(
    () => drawPlainRequest(random, words),
    (request) => judge(request, facts).isUnsafe,
  );
}

/** One with a method whose body is read. */
function legalBody(random: Random, words: Vocabulary, facts: ServerFacts): FuzzedRequest {
  return drawn(
    () => legalRequest(random, words, facts),
    ({ method }) => method === "POST" || method === "PUT",
  );
}

function legalBytes(random: Random, words: Vocabulary, facts: ServerFacts): string {
  return bytesOf(legalRequest(random, words, facts)).toString("latin1");
}

/** A safe one that isn't a HEAD: the runtime's answer to a broken HEAD has a body. */
function safeBodied(random: Random, words: Vocabulary, facts: ServerFacts): FuzzedRequest {
  return drawn(
    () => safeRequest(random, words, facts),
    ({ method }) => method !== "HEAD",
  );
}

function drawn(
  draw: () => FuzzedRequest,
  isFit: (request: FuzzedRequest) => boolean,
): FuzzedRequest {
  for (let left = MAX_DRAWS; left > 0; left -= 1) {
    const request = draw();
    if (isFit(request)) return request;
  }
  throw new Error(`None of ${MAX_DRAWS} requests is suitable`);
}

/** The request line and the headers, without those that frame the body. */
function startOf({ method, target, headers }: FuzzedRequest): string[] {
  return [`${method} ${target} HTTP/1.1`, ...headers.map(([name, value]) => `${name}: ${value}`)];
}

function headOf(request: FuzzedRequest): string[] {
  const { body, isChunked } = request;
  if (!body) return startOf(request);
  const framing = isChunked ? "Transfer-Encoding: chunked" : `Content-Length: ${body.length}`;
  return [...startOf(request), framing];
}

function bodyOf({ body, isChunked }: FuzzedRequest): Buffer {
  if (!body || !isChunked) return body ?? Buffer.alloc(0);
  return latin1(`${chunkOf(body)}0\r\n\r\n`);
}

/** The whole `body` as one chunk; nothing if it is empty, since an empty chunk is the last. */
function chunkOf(body: Buffer = Buffer.alloc(0)): string {
  return body.length > 0 ? `${body.length.toString(16)}\r\n${body.toString("latin1")}\r\n` : "";
}

function wire(head: readonly string[], body: Buffer): Buffer {
  return Buffer.concat([latin1(`${head.join("\r\n")}\r\n\r\n`), body]);
}

function latin1(text: string): Buffer {
  return Buffer.from(text, "latin1");
}
