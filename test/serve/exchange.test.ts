/** What a connection is read as: by whole messages, by single bytes, and where nothing can be read. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { cpuTimeMs } from "../../kit/cpu-time.ts";
import { Exchange, type Phase } from "../../serve/exchange.ts";
import { runs } from "../../kit/runs.ts";

type Step = readonly ["client" | "server", string];

const GET = "GET /acquire?bucket=x HTTP/1.1\r\nHost: x\r\n\r\n";
const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
const POST = "POST /acquire HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody";
const CHUNKED =
  "POST /acquire HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n4;a=b\r\nbody\r\n0\r\nTrailer: x\r\n\r\n";
const STREAM = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
const UPGRADED = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";

function phaseAfter(steps: readonly Step[], isByByte = false): Phase {
  const exchange = new Exchange();
  for (const [from, text] of steps) {
    const pieces = isByByte ? text.split("") : [text];
    for (const piece of pieces) {
      const bytes = Buffer.from(piece, "latin1");
      if (from === "client") exchange.readFromClient(bytes);
      else exchange.readFromServer(bytes);
    }
  }
  return exchange.phase;
}

const cases: readonly (readonly [what: string, phase: Phase, ...steps: Step[]])[] = [
  ["nothing yet", "idle"],
  ["an empty line", "idle", ["client", "\r\n"]],
  ["one byte", "head", ["client", "G"]],
  ["half a head", "head", ["client", GET.slice(0, -2)]],
  ["a request", "answer", ["client", GET]],
  ["a request with bare line feeds", "answer", ["client", GET.replaceAll("\r\n", "\n")]],
  ["half an answer", "answer", ["client", GET], ["server", OK.slice(0, -1)]],
  ["a request and its answer", "idle", ["client", GET], ["server", OK]],
  ["half a second request", "head", ["client", GET], ["server", OK], ["client", "GET /"]],
  ["half a request behind one that waits", "answer", ["client", `${GET}GET /`]],
  ["two requests, one answer", "answer", ["client", GET + GET], ["server", OK]],
  ["two requests, two answers", "idle", ["client", GET + GET], ["server", OK + OK]],
  ["a counted body", "answer", ["client", POST]],
  ["half of one", "body", ["client", POST.slice(0, -1)]],
  ["half of one behind a request that waits", "answer", ["client", GET + POST.slice(0, -1)]],
  ["half of one, answered", "body", ["client", POST.slice(0, -1)], ["server", OK]],
  ["half of one, its answer begun", "answer", ["client", POST.slice(0, -1)], ["server", STREAM]],
  [
    "the rest of one that was answered",
    "idle",
    ["client", POST.slice(0, -1)],
    ["server", OK],
    ["client", "y"],
  ],
  ["a body in chunks", "answer", ["client", CHUNKED]],
  ["half of one", "body", ["client", CHUNKED.slice(0, -2)]],
  ["a chunk without end", "body", ["client", `${CHUNKED.split("4;")[0]}ffffffffffffffff\r\nbody`]],
  [
    "an event stream that goes on",
    "answer",
    ["client", GET],
    ["server", `${STREAM}5\r\n: ok\n\r\n`],
  ],
  ["one that has ended", "idle", ["client", GET], ["server", `${STREAM}0\r\n\r\n`]],
  [
    "an answer to HEAD",
    "idle",
    ["client", GET.replace("GET", "HEAD")],
    ["server", OK.slice(0, -2)],
  ],
  ["204", "idle", ["client", GET], ["server", "HTTP/1.1 204 No Content\r\n\r\n"]],
  ["100, then nothing", "answer", ["client", GET], ["server", "HTTP/1.1 100 Continue\r\n\r\n"]],
  [
    "100, then the answer",
    "idle",
    ["client", GET],
    ["server", `HTTP/1.1 100 Continue\r\n\r\n${OK}`],
  ],
  [
    "a WebSocket",
    "tunnel",
    ["client", GET],
    ["server", `${UPGRADED}\x81\x00`],
    ["client", "\x81\x80"],
  ],
  [
    "an answer as long as the connection",
    "tunnel",
    ["client", GET],
    ["server", "HTTP/1.1 200 OK\r\n\r\n"],
  ],
  ["two lengths", "unclear", ["client", POST.replace("Host: x", "Content-Length: 9")]],
  ["no number", "unclear", ["client", POST.replace("4", "+4")]],
  ["another coding", "unclear", ["client", CHUNKED.replace("chunked", "gzip")]],
  ["two codings", "unclear", ["client", CHUNKED.replace("Trans", "Transfer-Encoding: x\r\nTrans")]],
  [
    "a coding and a length",
    "answer",
    ["client", CHUNKED.replace("\r\n", "\r\nContent-Length: 1\r\n")],
  ],
  ["no chunk", "unclear", ["client", CHUNKED.replace("4;", "x;")]],
  ["a chunk that is longer than it says", "unclear", ["client", CHUNKED.replace("4;", "3;")]],
  ["a head without end", "unclear", ["client", `GET / HTTP/1.1\r\nX: ${"x".repeat(128 * 1024)}`]],
];

describe("the phase of a connection", () => {
  it.each(cases)("%s: %s", (_, phase, ...steps) => {
    expect(phaseAfter(steps)).toBe(phase);
    expect(phaseAfter(steps, true)).toBe(phase);
  });

  it("is the same wherever packets are cut", () => {
    const requests = fc.array(fc.constantFrom(GET, POST, CHUNKED), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(requests, fc.array(fc.nat(200)), (texts, cuts) => {
        const exchange = new Exchange();
        const all = Buffer.from(texts.join(""), "latin1");
        let at = 0;
        for (const cut of [...cuts, all.length]) {
          exchange.readFromClient(all.subarray(at, at + cut));
          at += cut;
        }
        expect(exchange.asked).toBe(texts.length);
        expect(exchange.phase).toBe("answer");
        for (let i = 0; i < texts.length; i += 1) exchange.readFromServer(Buffer.from(OK));
        expect(exchange.phase).toBe("idle");
      }),
      { numRuns: runs(100) },
    );
  });

  it("never throws, and stays unclear once it is", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), (pieces) => {
        const exchange = new Exchange();
        exchange.readFromClient(Buffer.from(POST.replace("4", "-4")));
        for (const piece of pieces) exchange.readFromClient(Buffer.from(piece));
        expect(exchange.phase).toBe("unclear");
        for (const piece of pieces) exchange.readFromServer(Buffer.from(piece));
      }),
      { numRuns: runs(100) },
    );
  });

  it("reads a head that comes byte by byte in a time that grows no faster than it", () => {
    const exchange = new Exchange();
    const byte = Buffer.from("x");
    exchange.readFromClient(Buffer.from("GET / HTTP/1.1\r\nX: "));
    const startedAtMs = cpuTimeMs();
    for (let i = 0; i < 100_000; i += 1) exchange.readFromClient(byte);
    expect(exchange.phase).toBe("head");
    // Were each byte to read all before it, it would be many seconds.
    expect(cpuTimeMs() - startedAtMs).toBeLessThan(2_000);
  });
});

describe("what a server need not have of a body over 10 bytes", () => {
  const head = (fields: string): string => `POST / HTTP/1.1\r\n${fields}\r\n\r\n`;
  it.each<[what: string, text: string, surplus: number | undefined]>([
    ["between requests", GET, undefined],
    ["a body that is not longer", `${head("Content-Length: 10")}123456789`, undefined],
    ["one that is longer, before it begins", head("Content-Length: 11"), 0],
    ["one that is longer", `${head("Content-Length: 11")}123`, 3],
    ["chunks that are not", `${head("Transfer-Encoding: chunked")}ff\r\n1234567890`, undefined],
    ["chunks that are", `${head("Transfer-Encoding: chunked")}ff\r\n123456789012`, 2],
    ["a body that has ended", `${head("Content-Length: 11")}12345678901`, undefined],
  ])("%s", (_, text, surplus) => {
    const exchange = new Exchange();
    exchange.readFromClient(Buffer.from(text));
    expect(exchange.surplusOver(10)).toBe(surplus);
  });
});
