/**
 * The ways in which callers that wait hang up: one list for all tests of it, since a server may notice one
 * and be blind to another. Most of them end the client's side in order (FIN), which is what nearly every
 * client does, and what a process does that is killed; a reset (RST) is rare.
 *
 * `curl` and `python3` have to be on the machine.
 */
import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

import { projectDir } from "../../serve/worker-bundle.ts";
import { createClient } from "../../src/client/index.ts";
import { acquirePath } from "./callers.ts";
import { ProcessGroup } from "./process-group.ts";
import { StreamedRequest } from "./streamed-request.ts";

/** A caller that has asked. */
export interface Caller {
  /** Hangs up, or waits until it does by itself; resolves as soon as it has. */
  leave(): Promise<void>;
  /** Settles when it has been answered, or cannot be any more. */
  readonly ended: Promise<unknown>;
}

/** A way to ask, and to leave again. */
export interface Way {
  /** A noun phrase: who leaves, and how. */
  readonly name: string;
  /** Whether its answer is a stream, into which the server writes all the while. */
  readonly isStreamed?: boolean;
  /** Asks for a token of `bucket`. It is on its way there when this resolves. */
  ask(url: string, bucket: string): Promise<Caller>;
}

/** For those that leave at a time of their own: enough to start and to get to the bucket. */
const OWN_TIMEOUT_S = 2;
/** curl's status for a time that is over. */
const CURL_TIMED_OUT = 28;

/** Plain HTTP by which a caller holds a socket of its own. */
function socketWay(name: string, leave: (socket: Socket) => void): Way {
  return {
    name,
    async ask(url, bucket) {
      const { hostname, port, host } = new URL(url);
      const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
      const ended = new Promise((resolve) => socket.once("close", resolve));
      socket.on("error", () => undefined).resume();
      socket.on("end", () => socket.end());
      await once(socket, "connect");
      socket.write(`GET ${acquirePath(bucket)} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      return { ended, leave: async () => leave(socket) };
    },
  };
}

/** A process that asks; `leave` ends it or resolves when it has left. */
function processWay(
  name: string,
  command: (url: string) => readonly [string, ...string[]],
  leave: (group: ProcessGroup, ended: Promise<unknown>) => unknown,
): Way {
  return {
    name,
    async ask(url, bucket) {
      const [program, ...args] = command(url + acquirePath(bucket));
      const group = new ProcessGroup(program, args);
      const ended = once(group.child, "exit").catch(() => undefined);
      return {
        ended,
        leave: async () => {
          await leave(group, ended);
        },
      };
    },
  };
}

const signalled =
  (signal: NodeJS.Signals) =>
  (group: ProcessGroup): unknown =>
    group.child.kill(signal);

async function untilPrinted(group: ProcessGroup, word: string): Promise<void> {
  while (!group.output.includes(word)) {
    if (group.child.exitCode !== null) throw new Error(`It has ended: ${group.output}`);
    await setTimeout(1);
  }
}

const ASK_BY_NODE = `fetch(process.argv[1]).catch(() => undefined);`;
/** Ends by itself when it is told to, with its request still open. */
const ASK_AND_END = `${ASK_BY_NODE} process.on("SIGUSR2", () => process.exit());`;
/** Goes on when its request has timed out. */
const ASK_BY_PYTHON = `
import sys, time, urllib.request
try:
    urllib.request.urlopen(sys.argv[1], timeout=${OWN_TIMEOUT_S})
except TimeoutError:
    pass
print("left", flush=True)
time.sleep(60)
`;

/** A plain request, whose answer is held back until the grant. */
export const plainWays: readonly Way[] = [
  socketWay("a socket, closed (FIN)", (socket) => socket.destroy()),
  socketWay("a socket, half closed (FIN)", (socket) => socket.end()),
  socketWay("a socket, reset (RST)", (socket) => socket.resetAndDestroy()),
  {
    name: "Node `fetch`, its signal aborted",
    async ask(url, bucket) {
      const controller = new AbortController();
      const ended = fetch(url + acquirePath(bucket), controller).catch(() => undefined);
      return { ended, leave: async () => controller.abort() };
    },
  },
  {
    name: "Node `http.request`, destroyed",
    async ask(url, bucket) {
      const outgoing = httpRequest(url + acquirePath(bucket), { agent: false });
      const ended = new Promise((resolve) => outgoing.once("close", resolve));
      outgoing.on("error", () => undefined).end();
      return { ended, leave: async () => void outgoing.destroy() };
    },
  },
  processWay(
    "`curl --max-time`",
    (url) => ["curl", "-sS", "--max-time", String(OWN_TIMEOUT_S), url],
    async ({ child, output }, ended) => {
      await ended;
      if (child.exitCode !== CURL_TIMED_OUT) throw new Error(`curl did not time out: ${output}`);
    },
  ),
  processWay("`curl`, Ctrl-C", (url) => ["curl", "-sS", url], signalled("SIGINT")),
  processWay("`curl`, `kill -9`", (url) => ["curl", "-sS", url], signalled("SIGKILL")),
  processWay(
    "Python `urllib`, its timeout over",
    (url) => ["python3", "-c", ASK_BY_PYTHON, url],
    (group) => untilPrinted(group, "left"),
  ),
  processWay(
    "a process that ends",
    (url) => [process.execPath, "-e", ASK_AND_END, url],
    signalled("SIGUSR2"),
  ),
  processWay(
    "a process, `kill -9`",
    (url) => [process.execPath, "-e", ASK_BY_NODE, url],
    signalled("SIGKILL"),
  ),
];

function streamWay(name: string, leave: (request: StreamedRequest) => void): Way {
  return {
    name,
    isStreamed: true,
    async ask(url, bucket) {
      const request = await StreamedRequest.open(url, acquirePath(bucket));
      return {
        ended: request.reader.done.catch(() => undefined),
        leave: async () => leave(request),
      };
    },
  };
}

/** An event stream. */
export const streamedWays: readonly Way[] = [
  streamWay("an event stream, closed (FIN)", (request) => request.close()),
  streamWay("an event stream, reset (RST)", (request) => request.reset()),
];

function clientWay(name: string, options: { readonly onQueued?: () => void }): Way {
  return {
    name,
    async ask(url, bucket) {
      const controller = new AbortController();
      const client = createClient({ url });
      const { signal } = controller;
      const ended = client.acquire(bucket, { ...options, signal }).catch(() => undefined);
      return { ended, leave: async () => controller.abort() };
    },
  };
}

const program = join(projectDir, "src/cli/main.ts");

/** Sluice's own client and command. */
export const ownWays: readonly Way[] = [
  clientWay("`client.acquire`, its signal aborted", {}),
  clientWay("`client.acquire` with `onQueued`, its signal aborted", { onQueued: () => undefined }),
  {
    name: "`sluice acquire`, Ctrl-C",
    async ask(url, bucket) {
      const args = [program, "acquire", bucket, "--url", url];
      const group = new ProcessGroup(process.execPath, args);
      const ended = once(group.child, "exit").catch(() => undefined);
      return { ended, leave: async () => void group.child.kill("SIGINT") };
    },
  },
];

/** All of them. */
export const waysOfLeaving: readonly Way[] = [...plainWays, ...streamedWays, ...ownWays];
