/** Acquires on a session of Sluice. */
import type { SessionMessage } from "../../../src/protocol/session-messages.ts";
import type { Connect } from "./load.ts";

import { RawWebSocket } from "../../../kit/http/raw-web-socket.ts";
import { SESSION_SUBPROTOCOL } from "../../../src/protocol/session-messages.ts";

/** How many sessions have been opened: idempotency keys of one must not be those of another. */
let sessions = 0;

/** Opens sessions of a bucket, whose acquires have idempotency keys of their own if `isKeyed`. */
export function sessionsOf(bucket: string, isKeyed: boolean): Connect {
  return async (url, { granted, failed }) => {
    sessions += 1;
    // As long as a UUID with its hyphens, which is what clients take.
    const keys = `bench-${String(sessions).padStart(12, "0")}-`;
    let asked = 0;
    let answered = 0;
    const path = `/buckets/${bucket}/session`;
    const socket = await RawWebSocket.open(url, path, SESSION_SUBPROTOCOL, {
      text: (text) => {
        const frame: SessionMessage | readonly SessionMessage[] = JSON.parse(text);
        const messages = isMany(frame) ? frame : [frame];
        for (const message of messages) {
          if ("granted" in message && message.id === answered) answered += 1;
          else failed(new Error(`Not granted ${answered}: ${JSON.stringify(message)}`));
        }
        granted(messages.length);
      },
      ended: failed,
    });
    const acquire = (): string => {
      const id = asked;
      asked += 1;
      const key = isKeyed ? `,"key":"${keys}${String(id).padStart(17, "0")}"` : "";
      return `{"op":"acquire","id":${id}${key}}`;
    };
    return {
      ask(count) {
        if (count === 1) socket.send(acquire());
        else socket.send(`[${Array.from({ length: count }, acquire).join(",")}]`);
      },
      close: () => socket.close(),
    };
  };
}

function isMany(
  frame: SessionMessage | readonly SessionMessage[],
): frame is readonly SessionMessage[] {
  return Array.isArray(frame);
}
