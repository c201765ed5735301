/**
 * A server in front of Sluice that fails like a network, reproducibly. The first segment of a path picks
 * the failure; the rest of the path goes to Sluice. "The first time" is counted for each idempotency key, so
 * several callers can fail at once; without a key, for each method. Scripts of any origin may call.
 */
import { once } from "node:events";
import {
  createServer,
  request,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { connect } from "node:net";
import { buffer } from "node:stream/consumers";
import { setTimeout } from "node:timers/promises";

import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";

const CORS = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Allow-Methods": "GET, POST, PUT, DELETE",
  "Access-Control-Expose-Headers": "Retry-After",
  "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key, Sluice-Ticket",
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

/** One call as received. */
interface Call {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly body: Buffer;
  /** The rest of the path, for Sluice. */
  readonly path: string;
  /** How often this key was sent before, in this mode. */
  readonly before: number;
}

type Mode = (call: Call, server: FaultyServer) => Promise<void> | void;

const modes: Readonly<Record<string, Mode>> = {
  /** Forwards, and breaks the connection instead of passing on the first answer. */
  lose: async (call, server) => {
    const answer = await server.forward(call);
    if (call.before === 0) breakOff(call);
    else respond(call, answer.status, answer.type, answer.body);
  },
  /** Breaks the connection twice, without forwarding. */
  drop: async (call, server) => {
    if (call.before < 2) breakOff(call);
    else await pass(call, server);
  },
  /** Answers with a proxy's error page, twice. */
  gateway: async (call, server) => {
    if (call.before < 2) respond(call, 502, "text/html", "<h1>Bad gateway</h1>");
    else await pass(call, server);
  },
  /** Answers like a proxy that sends `Retry-After`, once. */
  busy: async (call, server) => {
    const later = { "Retry-After": "1" };
    if (call.before === 0) respond(call, 503, "text/plain", "busy", later);
    else await pass(call, server);
  },
  /** Forwards, and breaks the connection in the middle of the first answer's head. */
  behead: async (call, server) => {
    const { status, type, body } = await server.forward(call);
    if (call.before > 0) return respond(call, status, type, body);
    call.incoming.socket.write("HTTP/1.1 200 OK\r\nContent-Ty", () => breakOff(call));
  },
  /** Forwards, and breaks the connection in the middle of the first answer's body. */
  halve: async (call, server) => {
    const { status, type, body } = await server.forward(call);
    if (call.before > 0) return respond(call, status, type, body);
    const headers = { ...CORS, "Content-Type": type, "Content-Length": body.length };
    call.outgoing.writeHead(status, headers);
    call.outgoing.write(body.subarray(0, body.length / 2), () => breakOff(call));
  },
  /** Forwards the first request twice at once, like a proxy that doesn't trust its connections. */
  twice: async (call, server) => {
    if (call.before > 0) return pass(call, server);
    const answers = await Promise.all([server.forward(call), server.forward(call)]);
    respond(call, answers[1].status, answers[1].type, answers[1].body);
  },
  /** Forwards: what fails is the WebSocket. */
  misplace: (call, server) => pass(call, server),
  /** Delays the first answer. */
  delay: async (call, server) => {
    if (call.before === 0) await setTimeout(300);
    await pass(call, server);
  },
  /** Fails in one of the ways above or not at all, at random; a key fails at most four times. */
  any: async (call, server) => {
    const ways = ["lose", "drop", "gateway", "behead", "halve", "twice", "delay", "none"];
    const way = ways[Math.floor(Math.random() * ways.length)] ?? "none";
    const isSpent = call.before >= 4;
    // Modes that fail the first time only would never fail this key again.
    await (isSpent ? pass(call, server) : (modes[way] ?? pass)({ ...call, before: 0 }, server));
  },
  /** Forwards a stream as it arrives, and cuts the first one after its first position. */
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
  /** Answers with the page of some other server. */
  page: (call) => respond(call, 200, "text/html", "<h1>Welcome</h1>"),
  /** Never answers. */
  silent: () => undefined,
  /** Breaks the first connection, and then answers with a problem that lists what arrived both times. */
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
  /** An event stream split at arbitrary places, with every line end and every field there is. */
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
  /** A stream that ends without an outcome, the first time. */
  cut: (call) => {
    const queued = 'event: queued\ndata: {"position":1,"etaMs":10}\n\n';
    return stream(call, call.before === 0 ? [queued, "event: gran"] : [queued, grantEvent()]);
  },
  /** A stream that breaks off, the first time. */
  snap: async (call) => {
    if (call.before > 0) return stream(call, [grantEvent()]);
    await stream(call, [": hello\n\n"], false);
    breakOff(call);
  },
  refused: (call) => stream(call, [`event: refused\ndata: ${JSON.stringify(refusal)}\n\n`]),
  /** Sends positions for as long as the client stays. */
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

/**
 * Where a WebSocket is cut off: how many of these bytes still pass before that. `undefined` if it goes on.
 */
type Cut = (bytes: Buffer, isFromSluice: boolean) => number | undefined;

/** How many WebSockets to a path are cut off, and where. Those of other modes are refused, as by an old proxy. */
const socketModes: Readonly<Record<string, { readonly times: number; readonly cut: () => Cut }>> = {
  /** A grant is lost. */
  lose: { times: 1, cut: () => atFrame('"granted"', false) },
  /** What was settled is lost. */
  misplace: { times: 1, cut: () => atFrame('"settled"', false) },
  /** Its acquires wait; this frame still arrives. */
  sever: { times: 1, cut: () => atFrame('"queued"', true) },
  /** Anywhere in either direction, in the middle of a frame or between two. */
  any: { times: 4, cut: anywhere },
};

function atFrame(text: string, passes: boolean): Cut {
  return (bytes, isFromSluice) => {
    if (!isFromSluice || !bytes.includes(text)) return undefined;
    return passes ? bytes.length : 0;
  };
}

function anywhere(): Cut {
  let rest = Math.floor(Math.random() * 30_000);
  return (bytes) => {
    rest -= bytes.length;
    return rest < 0 ? bytes.length + rest : undefined;
  };
}

/** The server while it runs. */
export class FaultyServer implements AsyncDisposable {
  readonly recorded: { readonly field: string; readonly message: string }[] = [];
  streams = 0;
  readonly #server: Server;
  readonly #target: URL;
  readonly #seen = new Map<string, number>();
  /** Connections that were upgraded, which the server no longer counts as its own. */
  readonly #sockets = new Set<Duplex>();

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
    server.on("upgrade", (incoming: IncomingMessage, socket: Socket) => {
      faulty.#upgrade(incoming, socket);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return faulty;
  }

  /** Without a trailing slash. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async #answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = await buffer(incoming);
    if (incoming.method === "OPTIONS") {
      outgoing.writeHead(204, CORS).end();
      return;
    }
    const [, name = "", path = "/"] = /^\/([a-z]+)(.*)$/.exec(incoming.url ?? "") ?? [];
    const { method, headers } = incoming;
    const seen = `${name} ${String(headers["idempotency-key"] ?? method)}`;
    const before = this.#seen.get(seen) ?? 0;
    this.#seen.set(seen, before + 1);
    await modes[name]?.({ incoming, outgoing, body, path, before }, this);
  }

  /** Passes a WebSocket on, as bytes, up to the cut of its mode. */
  #upgrade({ url = "", rawHeaders }: IncomingMessage, socket: Socket): void {
    const [, name = "", path = "/"] = /^\/([a-z]+)(.*)$/.exec(url) ?? [];
    const mode = socketModes[name];
    if (!mode) {
      socket.end("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
      return;
    }
    const before = this.#seen.get(`socket ${url}`) ?? 0;
    this.#seen.set(`socket ${url}`, before + 1);
    const cut: Cut = before < mode.times ? mode.cut() : () => undefined;
    const target = connect(Number(this.#target.port), this.#target.hostname);
    const end = (): void => {
      socket.destroy();
      target.destroy();
    };
    target.write(upgradeHead(path, this.#target.host, rawHeaders));
    for (const [from, to] of [
      [socket, target],
      [target, socket],
    ] as const) {
      this.#sockets.add(from);
      from.on("error", end).on("close", end).setNoDelay(true);
      from.on("data", (bytes) => {
        const passes = cut(bytes, from === target);
        if (passes === undefined) to.write(bytes);
        else to.write(bytes.subarray(0, passes), end);
      });
    }
  }

  /** Sluice's complete answer. */
  async forward(call: Call) {
    const answer = await this.open(call);
    const { statusCode: status = 0, headers: received } = answer;
    return { status, type: received["content-type"] ?? "", body: await buffer(answer) };
  }

  /** Sluice's answer, once its head has arrived. */
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

/** Starts one in front of the Sluice at `target`, on a free port of 127.0.0.1. */
export function startFaultyServer(target: string): Promise<FaultyServer> {
  return FaultyServer.start(target);
}

/** A request for an upgrade, without extensions: what is compressed can't be read here. */
function upgradeHead(path: string, host: string, rawHeaders: readonly string[]): string {
  const lines = [`GET ${path} HTTP/1.1`, `Host: ${host}`];
  for (const [index, name] of rawHeaders.entries()) {
    if (index % 2 === 1 || /^(host|sec-websocket-extensions)$/i.test(name)) continue;
    lines.push(`${name}: ${rawHeaders[index + 1]}`);
  }
  return `${lines.join("\r\n")}\r\n\r\n`;
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

/** Sends the pieces one by one, each in a separate packet. */
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
