/**
 * A client whose sessions are played by hand, in virtual time: the test opens and breaks connections, and says what is
 * answered. Over HTTP, everything is granted. Needs vitest's fake timers.
 */
import { vi } from "vitest";

import type { ClientOptions, ClosableClient } from "../../src/client/index.ts";

import { createClient } from "../../src/client/index.ts";
import { FakeSocket } from "./fake-socket.ts";

/** A message to Sluice. */
interface Sent {
  readonly op: string;
  readonly id: number;
  readonly [member: string]: unknown;
}

/** What a grant on a session has. */
export const GRANTED = { tokens: 1, remaining: 0, waitedMs: 0, grantedAtMs: 5 };

/** A connection of a session. */
class SessionSocket extends FakeSocket {
  /** What was sent so far. */
  get messages(): Sent[] {
    return this.frames.flat();
  }

  /** The same, by frame. Pings are none. */
  get frames(): Sent[][] {
    const frames = this.sent.filter((text) => text !== "ping").map((text) => JSON.parse(text));
    return frames.map((frame) => (Array.isArray(frame) ? frame : [frame]));
  }

  /** Sends these messages in one frame. */
  answer(...messages: readonly object[]): void {
    this.emit("message", JSON.stringify(messages));
  }

  /** Grants the acquire with this id. */
  grant(id: number, granted: object = {}): void {
    this.answer({ id, granted: { ...GRANTED, ...granted } });
  }
}

/** A client and all that it has opened and sent. */
export interface ScriptedSessions {
  readonly client: ClosableClient;
  readonly sockets: readonly SessionSocket[];
  /** The socket that was opened last. */
  readonly latest: SessionSocket;
  /** Each call over HTTP: method, path and ticket. */
  readonly calls: readonly string[];
}

/** @param answer The answer to a call over HTTP. */
export function scriptedSessions(
  options: Partial<ClientOptions> = {},
  answer: (line: string) => Response | Promise<Response> = () =>
    Response.json({ bucket: "x", ...GRANTED }),
): ScriptedSessions {
  const sockets: SessionSocket[] = [];
  const calls: string[] = [];
  const client = createClient({
    url: "http://sluice.test/base",
    transport: "session",
    ...options,
    WebSocket: class extends SessionSocket {
      constructor(url: string, protocols: string[]) {
        super(url, protocols);
        sockets.push(this);
      }
    },
    fetch: async (url, { method, headers }) => {
      const ticket = headers["Sluice-Ticket"];
      const line = `${method} ${url.replace("http://sluice.test/base", "")}${ticket ? ` ${ticket}` : ""}`;
      calls.push(line);
      return answer(line);
    },
  } as ClientOptions);
  return {
    client,
    sockets,
    calls,
    get latest() {
      const socket = sockets.at(-1);
      if (!socket) throw new Error("No socket was opened");
      return socket;
    },
  };
}

/** Lets everything run that needs no time. */
export async function turn(): Promise<void> {
  await vi.advanceTimersByTimeAsync(0);
}
