/**
 * A server in front of Sluice that fails as networks do, the same way each time. The first segment of a
 * path says how; the rest goes to Sluice. "The first time" is that of each idempotency key, so several
 * callers may fail at once. Scripts of any origin may call.
 */
import { once } from "node:events";
import {
  createServer,
  request,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { buffer } from "node:stream/consumers";
import { setTimeout } from "node:timers/promises";

import type { AddressInfo } from "node:net";

const CORS = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Allow-Methods": "GET, POST, PUT, DELETE",
  "Access-Control-Expose-Headers": "Retry-After",
  "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key",
};
const GRANT = {
  bucket: "scripted",
  tokens: 2,
  remaining: 3,
  waitedMs: 40,
  grantedAtMs: 1_795_425_904_731,
};
const grantText = JSON.stringify(GRANT);
const refusal = {
  status: 429,
  reason: "timeout",
  detail: "Cannot acquire 2 tokens",
  retryAfterMs: 250,
};

/** One call as it came. */
interface Call {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly body: Buffer;
  /** What is left of the path. */
  readonly path: string;
  /** How often this key has come before, in this mode. */
  readonly before: number;
}

type Mode = (call: Call, server: FaultyServer) => Promise<void> | void;

const modes: Readonly<Record<string, Mode>> = {
  /** Passes on, and takes the connection away in place of the first answer. */
  lose: async (call, server) => {
    const answer = await server.forward(call);
    if (call.before === 0) breakOff(call);
    else respond(call, answer.status, answer.type, answer.body);
  },
  /** Takes the connection away twice, without passing on. */
  drop: async (call, server) => {
    if (call.before < 2) breakOff(call);
    else await pass(call, server);
  },
  /** A proxy's page, twice. */
  gateway: async (call, server) => {
    if (call.before < 2) respond(call, 502, "text/html", "<h1>Bad gateway</h1>");
    else await pass(call, server);
  },
  /** A proxy that says when to come back, once. */
  busy: async (call, server) => {
    const later = { "Retry-After": "1" };
    if (call.before === 0) respond(call, 503, "text/plain", "busy", later);
    else await pass(call, server);
  },
  /** Passes on, and breaks off in the middle of the first answer's head. */
  behead: async (call, server) => {
    const { status, type, body } = await server.forward(call);
    if (call.before > 0) return respond(call, status, type, body);
    call.incoming.socket.write("HTTP/1.1 200 OK\r\nContent-Ty", () => breakOff(call));
  },
  /** Passes on, and breaks off in the middle of the first answer's body. */
  halve: async (call, server) => {
    const { status, type, body } = await server.forward(call);
    if (call.before > 0) return respond(call, status, type, body);
    const headers = { ...CORS, "Content-Type": type, "Content-Length": body.length };
    call.outgoing.writeHead(status, headers);
    call.outgoing.write(body.subarray(0, body.length / 2), () => breakOff(call));
  },
  /** Passes the first request on twice, at once, as proxies do that doubt their connections. */
  twice: async (call, server) => {
    if (call.before > 0) return pass(call, server);
    const answers = await Promise.all([server.forward(call), server.forward(call)]);
    respond(call, answers[1].status, answers[1].type, answers[1].body);
  },
  /** Keeps the first answer back for a while. */
  delay: async (call, server) => {
    if (call.before === 0) await setTimeout(300);
    await pass(call, server);
  },
  /** Fails in one of the ways above, or not at all, as chance has it; a key fails four times at most. */
  any: async (call, server) => {
    const ways = ["lose", "drop", "gateway", "behead", "halve", "twice", "delay", "none"];
    const way = ways[Math.floor(Math.random() * ways.length)] ?? "none";
    const isSpent = call.before >= 4;
    // What fails the first time only would fail a key no more.
    await (isSpent ? pass(call, server) : (modes[way] ?? pass)({ ...call, before: 0 }, server));
  },
  /** Passes a stream on as it comes, and cuts the first one after its first place. */
  sever: async (call, server) => {
    const answer = await server.open(call);
    const type = answer.headers["content-type"];
    call.outgoing.writeHead(answer.statusCode ?? 0, { ...CORS, "Content-Type": type });
    for await (const piece of answer) {
      call.outgoing.write(piece);
      if (call.before === 0 && String(piece).includes("queued")) {
        await setTimeout(50);
        answer.destroy();
        breakOff(call);
        return;
      }
    }
    call.outgoing.end();
  },
  /** Somebody else's page. */
  page: (call) => respond(call, 200, "text/html", "<h1>Welcome</h1>"),
  /** Never answers. */
  silent: () => undefined,
  /** Takes the first connection away, and tells with a problem what came both times. */
  record: (call, server) => {
    const { incoming, path } = call;
    const { authorization, accept } = incoming.headers;
    const key = incoming.headers["idempotency-key"];
    server.recorded.push({
      field: String(key),
      message: JSON.stringify({ method: incoming.method, path, authorization, accept, key }),
    });
    if (call.before === 0 && key !== undefined) return breakOff(call);
    const errors = server.recorded.filter(({ field }) => field === String(key));
    const problem = { reason: "invalid-request", status: 400, detail: "recorded", errors };
    respond(call, 400, "application/problem+json", JSON.stringify(problem));
  },
  /** An event stream that is cut anywhere, with all line ends and fields that there are. */
  oddly: (call) =>
    stream(call, [
      ": hello\n\n",
      'event: queued\r\ndata: {"position":2,\r\nda',
      'ta: "etaMs":900}\r',
      "\n\r\n: heartbeat\r\n\r\n",
      'id: 7\nretry: 1\nevent: of-another-time\ndata: {}\n\nevent:queued\rdata:{"position":1,"etaMs":400}\r\r',
      "\nevent: granted\nda",
      `ta: ${grantText}\n`,
      "\n",
    ]),
  /** Ends without an outcome the first time. */
  cut: (call) => {
    const queued = 'event: queued\ndata: {"position":1,"etaMs":10}\n\n';
    return stream(call, call.before === 0 ? [queued, "event: gran"] : [queued, grantEvent()]);
  },
  /** Breaks off the first time. */
  snap: async (call) => {
    if (call.before > 0) return stream(call, [grantEvent()]);
    await stream(call, [": hello\n\n"], false);
    breakOff(call);
  },
  refused: (call) => stream(call, [`event: refused\ndata: ${JSON.stringify(refusal)}\n\n`]),
  /** Tells places for as long as the client stays. */
  endless: async (call, server) => {
    server.streams += 1;
    call.outgoing.once("close", () => {
      server.streams -= 1;
    });
    call.outgoing.writeHead(200, { ...CORS, "Content-Type": "text/event-stream" });
    while (!call.outgoing.destroyed) {
      call.outgoing.write('event: queued\ndata: {"position":9,"etaMs":9000}\n\n');
      await setTimeout(20);
    }
  },
  /** How many streams of `endless` are open. */
  streams: (call, server) =>
    respond(call, 200, "application/json", JSON.stringify({ streams: server.streams })),
};

/** The server, running. */
export class FaultyServer implements AsyncDisposable {
  readonly recorded: { readonly field: string; readonly message: string }[] = [];
  streams = 0;
  readonly #server: Server;
  readonly #target: URL;
  readonly #seen = new Map<string, number>();

  private constructor(server: Server, target: string) {
    this.#server = server;
    this.#target = new URL(target);
  }

  /** See `startFaultyServer`. */
  static async start(target: string): Promise<FaultyServer> {
    const server = createServer();
    const faulty = new FaultyServer(server, target);
    server.on("request", (incoming: IncomingMessage, outgoing: ServerResponse) => {
      faulty.#answer(incoming, outgoing).catch(() => outgoing.destroy());
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return faulty;
  }

  /** Without a slash at the end. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = await buffer(incoming);
    if (incoming.method === "OPTIONS") {
      outgoing.writeHead(204, CORS).end();
      return;
    }
    const [, name = "", path = "/"] = /^\/([a-z]+)(.*)$/.exec(incoming.url ?? "") ?? [];
    const key = incoming.headers["idempotency-key"];
    const seen = `${name} ${String(key)}`;
    const before = this.#seen.get(seen) ?? 0;
    this.#seen.set(seen, before + 1);
    await modes[name]?.({ incoming, outgoing, body, path, before }, this);
  }

  /** What Sluice answers. */
  async forward(call: Call) {
    const answer = await this.open(call);
    const { statusCode: status = 0, headers: received } = answer;
    return { status, type: received["content-type"] ?? "", body: await buffer(answer) };
  }

  /** What Sluice answers, from its head on. */
  async open({ incoming, path, body }: Call): Promise<IncomingMessage> {
    const { method = "GET", headers } = incoming;
    const outgoing = request(new URL(path, this.#target), {
      method,
      headers: { ...headers, host: this.#target.host },
      agent: false,
    });
    outgoing.end(body);
    const [answer] = (await once(outgoing, "response")) as [IncomingMessage];
    return answer;
  }
}

/** Starts it in front of the Sluice at `target`, on a free port of 127.0.0.1. */
export function startFaultyServer(target: string): Promise<FaultyServer> {
  return FaultyServer.start(target);
}

async function pass(call: Call, server: FaultyServer): Promise<void> {
  const { status, type, body } = await server.forward(call);
  respond(call, status, type, body);
}

function respond(
  { outgoing }: Call,
  status: number,
  type: string,
  body: string | Buffer,
  headers: Record<string, string> = {},
): void {
  outgoing.writeHead(status, { ...CORS, ...headers, "Content-Type": type }).end(body);
}

function breakOff({ incoming }: Call): void {
  incoming.socket.resetAndDestroy();
}

/** Sends the pieces one by one, each in a packet of its own. */
async function stream({ outgoing }: Call, pieces: readonly string[], ends = true): Promise<void> {
  outgoing.writeHead(200, { ...CORS, "Content-Type": "text/event-stream; charset=utf-8" });
  for (const piece of pieces) {
    outgoing.write(piece);
    await setTimeout(10);
  }
  if (ends) outgoing.end();
}

function grantEvent(): string {
  return `event: granted\ndata: ${grantText}\n\n`;
}
