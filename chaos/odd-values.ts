/**
 * Odd values for each part of a request: wrong, extreme, or in a notation that no client uses. All text is
 * Latin-1: one character is one byte.
 */

/** A header line as sent. */
export type HeaderLine = readonly [name: string, value: string];

/** The longest valid name. */
const NAME_LIMIT = 128;

/** Names that every JavaScript object inherits. */
export const prototypeNames = wordsIn("__proto__ constructor prototype toString hasOwnProperty");

/** Numbers in a query. */
export const queryNumbers = [
  "",
  "9".repeat(15),
  "9".repeat(16),
  "9".repeat(17),
  "9".repeat(400),
  ...wordsIn(`
    0 00 01 1 2 6 10 999 -1 -0 +1 %2B1 1.0 1.5 1. .5 1e3 1E3 1e0 1e-1 0x1 0b1 0o7 1_000 1,000 1;2
    1%00 %001 %201 1%20 + 1+ %0A1 1%0D%0A %09 NaN Infinity -Infinity null true undefined
    [object%20Object] %D9%A1 %EF%BC%91 %C2%B2 %E2%80%8B1 1n '1' %221%22 1% %zz (1)
    3600000 3600001 60000 60001 86400000 1000000000 1000000001 2147483648 4294967296
    9007199254740991 9007199254740992 9007199254740993 18446744073709551616`),
];

/** Numbers in JSON, valid and invalid. */
export const jsonNumbers = [
  "",
  "1".repeat(400),
  '" 1"',
  '"\xc3\xa9"',
  '"\xff"',
  ...wordsIn(String.raw`
    0 -0 1 6 1.0 1e0 1.5 -1 1e3 1e300 1e999 -1e999 0.1e1 01 +1 .5 1. 0x1 NaN Infinity null true false
    "" "1" "a" [] [1] [[1]] {} {"valueOf":1} {"__proto__":{"tokens":1}} {"a":1,"a":2}
    3600001 60001 86400001 1000000001 9007199254740993 "\u0031" "\ud800" "\u0000" undefined
    1, 1} /*1*/1`),
];

/** Names of buckets in a path or a query. */
export const oddNames = [
  "",
  "a".repeat(NAME_LIMIT - 1),
  "a".repeat(NAME_LIMIT),
  "a".repeat(NAME_LIMIT + 1),
  "a".repeat(5_000),
  "%61".repeat(NAME_LIMIT),
  "%C3%A9".repeat(NAME_LIMIT / 2),
  ...wordsIn(`
    %20 %00 a%00 a%20b a+b %C3%A9 %E5%90%8D %F0%9F%98%80 %C0%AF %FF %ED%A0%80 a%2541 %2525 %252F %zz %
    %4 a% a%%33Ab a%3%41b a* * fuzz:* <x> %22 %3Cscript%3E a%0D%0AX-Injected:1
    a%0aX-Injected:%201%0a%0a .. . %2E%2E - / %2F a%2Fb ..%2F..%2Fetc%2Fpasswd a%5Cb a%26b a%3Db a%23b
    a%3Fb a;b a,b '%20OR%201=1-- \${7*7} {{7*7}} %7B%7D [] [object%20Object] null undefined
    FUZZ:idle fuzz Fuzz:idle fuzz%EF%BC%9Aidle`),
  ...prototypeNames,
];

export const oddPaths = wordsIn(String.raw`
  / // /* /. /.. /index.html /favicon.ico /robots.txt /.env /.git/config /acquire/ /acquire// //acquire
  /./acquire /x/../acquire /acquire/.. /acquire/x /ACQUIRE /Acquire /%61cquire /acquir%65
  /%2561cquire /acquire%2F /acquire%00 /acquire%20 /acquire;a=b /acquire.json /acquire%3Fbucket=x
  /%2e/acquire /acquire%zz /buckets /buckets/ /buckets// /buckets//x /buckets/x/ /buckets/x/y /BUCKETS/x
  /buckets/x/../y /buckets/../healthz /buckets/%2e%2e /buckets/x;a=b /buckets%2Fx /healthz/ /healthz/x
  /HEALTHZ /health /%68ealthz /healthz%0d%0aX-Injected:%201 /\healthz /x\..\healthz
  /%5C..%5Chealthz /%c0%ae%c0%ae/healthz /..;/healthz /__proto__ /constructor /cdn-cgi/trace
  /cdn-cgi/handler/scheduled /__scheduled /:name`);

export const methods = [
  "X".repeat(100),
  ...wordsIn(`
    GET HEAD POST PUT DELETE OPTIONS PATCH TRACE PURGE COPY LOCK MOVE MKCOL PROPFIND PROPPATCH SEARCH
    UNLOCK REPORT MERGE SUBSCRIBE NOTIFY get Post puT FOO GETT G __proto__`),
];

export const oddHosts = [
  "",
  "a b",
  ...wordsIn("<> [ [::1] x:99999999 x:0 % evil.example x/acquire?"),
];

/** Bodies that aren't a JSON object, or that are an empty one. */
export const oddBodies = [
  "",
  " ",
  "\n",
  "\0",
  "\xef\xbb\xbf",
  "<?xml version='1.0'?><a/>",
  ...wordsIn(`
    null 1 true "x" [] [{}] {} { } nonsense undefined bucket=nobody&tokens=1 {}{} {,} {"a"}`),
];

export const oddHeaders: readonly HeaderLine[] = [
  ["Accept", "text/event-stream"],
  ["Accept", "text/html"],
  ["Accept", "*/*;q=0"],
  ["Accept", ";;;,,,"],
  ["Content-Type", "text/plain"],
  ["Content-Type", "application/x-www-form-urlencoded"],
  ["Content-Type", "multipart/form-data; boundary=x"],
  ["Content-Type", "application/json; charset=utf-16"],
  ["Content-Type", ""],
  ["Content-Encoding", "gzip"],
  ["Content-Encoding", "br, gzip, deflate"],
  ["Content-Encoding", "nonsense"],
  ["Content-Range", "bytes 0-1/2"],
  ["Idempotency-Key", '"8e03978e-40d5-43dd-bc93-6894a57f9324"'],
  ["Idempotency-Key", "unquoted"],
  ["Idempotency-Key", '""'],
  ["Idempotency-Key", `"${"k".repeat(1_000)}"`],
  ["Idempotency-Key", "\xff"],
  ["Idempotency-Key", `"${"k".repeat(255)}"`],
  ["Idempotency-Key", "k".repeat(256)],
  ["Idempotency-Key", String.raw`"\"\\"`],
  ["Idempotency-Key", String.raw`"\k"`],
  ["Idempotency-Key", '"a";b=c'],
  ["Idempotency-Key", "a b"],
  ["Idempotency-Key", '"open'],
  ["idempotency-key", '"a", "b"'],
  ["sluice-call", '{"bucket":"fuzz:idle","tokens":1,"requeued":{"arrivedAtMs":0,"elapsedMs":0}}'],
  ["Sluice-Call", "nonsense"],
  ["X-HTTP-Method-Override", "DELETE"],
  ["X-Method-Override", "PUT"],
  ["X-Original-URL", "/buckets/fuzz:idle"],
  ["X-Rewrite-URL", "/healthz"],
  ["X-Forwarded-For", "127.0.0.1"],
  ["X-Forwarded-Host", "evil.example"],
  ["X-Forwarded-Proto", "https"],
  ["Forwarded", "for=127.0.0.1;host=evil.example"],
  ["CF-Connecting-IP", "127.0.0.1"],
  ["CF-Worker", "sluice"],
  ["CF-Access-Jwt-Assertion", "a.b.c"],
  ["Origin", "https://evil.example"],
  ["Origin", "null"],
  ["Access-Control-Request-Method", "DELETE"],
  ["Access-Control-Request-Headers", "authorization"],
  ["Cookie", "a=b; __proto__=c"],
  ["Range", "bytes=0-1"],
  ["If-None-Match", "*"],
  ["If-Modified-Since", "Tue, 24 Nov 2026 00:00:00 GMT"],
  ["Connection", "close"],
  ["Connection", "keep-alive, Upgrade"],
  ["Upgrade", "websocket"],
  ["Upgrade", "h2c"],
  ["Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="],
  ["TE", "trailers"],
  ["Expect", "100-continue"],
  ["Accept-Encoding", "gzip, br"],
  ["Prefer", "respond-async"],
  ["Max-Forwards", "0"],
  ["__proto__", "x"],
  ["constructor", "x"],
  ["X-High", "\xff\xfe\xc3\xa9"],
  ["X-Empty", ""],
  ["X-Long", "x".repeat(7_000)],
  ["X-Injected-By-Us", "a%0d%0aX-Injected: 1"],
];

/** The words of a text. */
export function wordsIn(text: string): string[] {
  return text.trim().split(/\s+/);
}
