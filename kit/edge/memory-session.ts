/** A session whose socket is in memory: what its client sends, and what it gets. */
import type { SessionMessage } from "../../src/protocol/session-messages.ts";
import type { SavedSession, SessionSocket } from "../../src/bucket/sessions/session-socket.ts";

/** The object's end of a socket. */
export class MemorySocket implements SessionSocket {
  readonly frames: string[] = [];
  closed: { readonly code: number; readonly reason: string } | undefined = undefined;
  unsentBytes = 0;
  saved: SavedSession | undefined = undefined;

  send(text: string): void {
    this.frames.push(text);
  }

  close(code: number, reason: string): void {
    this.closed = { code, reason };
  }

  /** The messages since the last call, a list for each frame. */
  take(): SessionMessage[][] {
    return this.frames.splice(0).map((text) => {
      const frame: SessionMessage | SessionMessage[] = JSON.parse(text);
      return Array.isArray(frame) ? frame : [frame];
    });
  }
}
