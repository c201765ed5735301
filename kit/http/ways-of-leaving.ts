/**
 * The ways in which waiting callers hang up. All tests of it share one list, since a server may notice one
 * way and miss another. Most ways close the client's side in order (FIN), as nearly every client does, and
 * as the system does for a process that is killed; a reset (RST) is rare.
 *
 * Requires `curl` and `python3`.
 */
import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

import { projectDir } from "../../serve/worker-bundle.ts";
import { createClient } from "../../src/client/index.ts";
import { ProcessGroup } from "../processes/process-group.ts";
import { acquirePath, openStream } from "./callers.ts";
import type { HttpConnection } from "./http-connection.ts";
import { SessionConnection, frame } from "./session-connection.ts";

/** A caller that has sent its request. */
export interface Caller {
  /** Hangs up, or waits until it does so by itself; resolves as soon as it has. */
  leave(): Promise<void>;
  /** Whether it was granted; settles when it is, or no longer can be. */
  readonly isGranted: Promise<boolean>;
}

/** A way to acquire, and to hang up. */
export interface Way {
  /** A noun phrase: who leaves, and how. */
  readonly name: string;
  /** Whether its answer is a stream, to which the server keeps writing. */
  readonly isStreamed?: boolean;
  /** Whether it both asks and leaves within milliseconds. */
  readonly isQuick?: boolean;
  /** Whether it leaves on a timeout of its own, for which `leave` only waits. */
  readonly leavesByItself?: boolean;
  /** Asks for a token of `bucket`. Resolves when the request is on its way. */
  ask(url: string, bucket: string): Promise<Caller>;
}

/** For callers that leave on their own timeout: enough to start and to reach the bucket. */
const OWN_TIMEOUT_S = 3;
/** curl's exit status after a timeout. */
const CURL_TIMED_OUT = 28;

/** Occurs in the answer to a granted acquire, and in no other answer here. */
const GRANTED = "grantedAtMs";

/** A caller with plain HTTP on its own socket. */
function socketWay(name: string, leave: (socket: Socket) => void): Way {
  return {
    name,
    isQuick: true,
    async ask(url, bucket) {
      const { hostname, port, host } = new URL(url);
      const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
      let received = "";
      const isGranted = new Promise<boolean>((resolve) => {
        socket.setEncoding("latin1").on("data", (text: string) => {
          received += text;
          if (received.includes(GRANTED)) resolve(true);
        });
        socket.once("close", () => resolve(false));
      });
      socket.on("error", () => undefined);
      socket.on("end", () => socket.end());
      await once(socket, "connect");
      socket.write(`GET ${acquirePath(bucket)} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      return { isGranted, leave: async () => leave(socket) };
    },
  };
}

/** A process that asks and prints the answer; `leave` ends it, or resolves when it has left. */
function processWay(
  name: string,
  command: (url: string, bucket: string) => readonly [string, ...string[]],
  leave: (group: ProcessGroup, closed: Promise<unknown>) => unknown,
  traits: Omit<Way, "name" | "ask"> = {},
): Way {
  return {
    name,
    ...traits,
    async ask(url, bucket) {
      const [program, ...args] = command(url, bucket);
      const group = new ProcessGroup(program, args);
      const closed = once(group.child, "close");
      return {
        isGranted: closed.then(
          () => /grantedAtMs|^granted/m.test(group.output),
          () => false,
        ),
        leave: async () => {
          await leave(group, closed);
        },
      };
    },
  };
}

/** Leaves by `signal`, and has left once the process has ended, however long that takes. */
const ends =
  (signal: NodeJS.Signals) =>
  async ({ child }: ProcessGroup, closed: Promise<unknown>): Promise<void> => {
    child.kill(signal);
    await closed;
  };

async function untilPrinted(group: ProcessGroup, word: string): Promise<void> {
  while (!group.output.includes(word)) {
    if (group.child.exitCode !== null) throw new Error(`The process has ended: ${group.output}`);
    await setTimeout(1);
  }
}

const ASK_BY_NODE = `fetch(process.argv[1])
  .then((response) => response.text())
  .then(console.log, () => undefined);`;
/** Exits by itself on a signal, with its request still open. */
const ASK_AND_END = `${ASK_BY_NODE} process.on("SIGUSR2", () => process.exit());`;
/** Keeps running after its request has timed out. */
const ASK_BY_PYTHON = `
import sys, time, urllib.request
try:
    print(urllib.request.urlopen(sys.argv[1], timeout=${OWN_TIMEOUT_S}).read())
except TimeoutError:
    pass
print("left", flush=True)
time.sleep(60)
`;

const quick = { isQuick: true };
const curl = (url: string, bucket: string) => ["curl", "-sS", url + acquirePath(bucket)] as const;
const node = (script: string) => (url: string, bucket: string) =>
  [process.execPath, "-e", script, url + acquirePath(bucket)] as const;

/** Plain requests, answered at the grant. */
export const plainWays: readonly Way[] = [
  socketWay("a socket, closed (FIN)", (socket) => socket.destroy()),
  socketWay("a socket, half closed (FIN)", (socket) => socket.end()),
  socketWay("a socket, reset (RST)", (socket) => socket.resetAndDestroy()),
  {
    name: "Node `fetch`, its signal aborted",
    isQuick: true,
    async ask(url, bucket) {
      const controller = new AbortController();
      const isGranted = fetch(url + acquirePath(bucket), controller).then(
        ({ ok }) => ok,
        () => false,
      );
      return { isGranted, leave: async () => controller.abort() };
    },
  },
  {
    name: "Node `http.request`, destroyed",
    isQuick: true,
    async ask(url, bucket) {
      const outgoing = httpRequest(url + acquirePath(bucket), { agent: false });
      const isGranted = new Promise<boolean>((resolve) => {
        outgoing.once("response", () => resolve(true)).once("close", () => resolve(false));
      });
      outgoing.on("error", () => undefined).end();
      return { isGranted, leave: async () => void outgoing.destroy() };
    },
  },
  processWay(
    "`curl --max-time`",
    (url, bucket) => [...curl(url, bucket), "--max-time", String(OWN_TIMEOUT_S)],
    async ({ child, output }, closed) => {
      await closed;
      if (child.exitCode !== CURL_TIMED_OUT) throw new Error(`curl did not time out: ${output}`);
    },
    { leavesByItself: true },
  ),
  processWay("`curl`, Ctrl-C", curl, ends("SIGINT"), quick),
  processWay("`curl`, `kill -9`", curl, ends("SIGKILL"), quick),
  processWay(
    "Python `urllib`, its timeout over",
    (url, bucket) => ["python3", "-c", ASK_BY_PYTHON, url + acquirePath(bucket)],
    (group) => untilPrinted(group, "left"),
    { leavesByItself: true },
  ),
  processWay("a process that ends", node(ASK_AND_END), ends("SIGUSR2")),
  processWay("a process, `kill -9`", node(ASK_BY_NODE), ends("SIGKILL")),
];

function streamWay(name: string, leave: (connection: HttpConnection) => void): Way {
  return {
    name,
    isStreamed: true,
    isQuick: true,
    async ask(url, bucket) {
      const { reader, connection } = await openStream(url, acquirePath(bucket));
      const isGranted = reader.done.then(
        () => reader.last?.event === "granted",
        () => false,
      );
      return { isGranted, leave: async () => leave(connection) };
    },
  };
}

const STREAM = { isStreamed: true, isQuick: true };
const curlStream = (url: string, bucket: string) =>
  [...curl(url, bucket), "-N", "-H", "Accept: text/event-stream"] as const;

/** Event streams. */
export const streamedWays: readonly Way[] = [
  streamWay("an event stream, closed (FIN)", (connection) => connection.close()),
  streamWay("an event stream, reset (RST)", (connection) => connection.reset()),
  processWay("an event stream by `curl`, `kill -9`", curlStream, ends("SIGKILL"), STREAM),
];

function clientWay(name: string, options: { readonly onQueued?: () => void } = {}): Way {
  return {
    name,
    async ask(url, bucket) {
      const controller = new AbortController();
      const client = createClient({ url });
      const { signal } = controller;
      const isGranted = client.acquire(bucket, { ...options, signal }).then(
        ({ ok }) => ok,
        () => false,
      );
      return { isGranted, leave: async () => controller.abort() };
    },
  };
}

const program = join(projectDir, "src/cli/main.ts");

/** A caller on a session of its own. */
function sessionWay(name: string, leave: (session: SessionConnection) => unknown): Way {
  return {
    name,
    async ask(url, bucket) {
      const session = await SessionConnection.open(url, bucket);
      session.send({ op: "acquire", id: 1 });
      const isGranted = session.ending(1).then(
        (ending) => "granted" in ending,
        () => false,
      );
      return { isGranted, leave: async () => void leave(session) };
    },
  };
}

const ASK_ON_SESSION = `
const socket = new WebSocket(process.argv[1], "sluice.v1");
socket.onopen = () => socket.send('{"op":"acquire","id":1}');
socket.onmessage = ({ data }) => console.log(data);
process.on("SIGUSR2", () => process.exit());`;
const nodeSession = (url: string, bucket: string) => {
  const address = `${url}/buckets/${encodeURIComponent(bucket)}/session`;
  return [process.execPath, "-e", ASK_ON_SESSION, address] as const;
};

/** Callers that close their sessions. */
export const sessionWays: readonly Way[] = [
  sessionWay("a session, closed in order", (session) => session.close()),
  sessionWay("a session, its connection closed (FIN)", (session) => session.destroy()),
  sessionWay("a session, its connection half closed (FIN)", (session) => session.halfClose()),
  sessionWay("a session, its connection reset (RST)", (session) => session.reset()),
  sessionWay("a session, closed within a frame", (session) => {
    session.sendBytes(frame("text", Buffer.from('{"op":"acquire","id":2}')).subarray(0, 9));
    session.halfClose();
  }),
  processWay("a process with a session that ends", nodeSession, ends("SIGUSR2")),
  processWay("a process with a session, `kill -9`", nodeSession, ends("SIGKILL")),
];

/** Callers that announce that they leave, or may: on a session, and Sluice's own client and command. */
export const ownWays: readonly Way[] = [
  sessionWay("an acquire of a session, cancelled", (session) => {
    session.send({ op: "cancel", id: 1 });
  }),
  clientWay("`client.acquire`, its signal aborted"),
  clientWay("`client.acquire` with `onQueued`, its signal aborted", { onQueued: () => undefined }),
  processWay(
    "`sluice acquire`, Ctrl-C",
    (url, bucket) => [process.execPath, program, "acquire", bucket, "--url", url],
    // The command announces it before it ends.
    ({ child }) => child.kill("SIGINT"),
  ),
];

/** All ways. */
export const waysOfLeaving: readonly Way[] = [
  ...plainWays,
  ...streamedWays,
  ...sessionWays,
  ...ownWays,
];
