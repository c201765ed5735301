/**
 * A session on its own socket, byte by byte (RFC 6455). A `WebSocket` of the platform completes frames, answers a
 * close and always reads; here a test decides what is sent, how it is cut, and when nothing is read.
 *
 * It helps with nothing beyond the wire form: it neither numbers calls nor comes back.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { randomBytes } from "node:crypto";
import { setTimeout } from "node:timers/promises";

import type { MessageId, SessionMessage } from "../../src/protocol/session-messages.ts";

import { SESSION_SUBPROTOCOL } from "../../src/protocol/session-messages.ts";
import { subprotocolsFor } from "../../src/protocol/watch-feed.ts";

/** How long to wait for messages: far longer than any wait here. */
const PATIENCE_MS = 20_000;

/** Kinds of frames. */
const opcodes = { text: 1, binary: 2, close: 8, ping: 9 } as const;

/** How the server closed the session; 1006 if the connection ended without that. */
export interface SessionClose {
  readonly code: number;
  readonly reason: string;
}

export interface SessionOptions {
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One session, and all that has come on it. */
export class SessionConnection implements Disposable {
  /** The messages of each frame from Sluice, in order. */
  readonly frames: (readonly SessionMessage[])[] = [];
  /** Frames that aren't JSON, such as `pong`. */
  readonly texts: string[] = [];
  /** Set once the session has ended. */
  closed: SessionClose | undefined = undefined;
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  readonly #onNews = new Set<() => void>();

  private constructor(socket: Socket, received: Buffer) {
    this.#socket = socket;
    this.#socket.on("data", (bytes: Buffer) => this.#read(bytes));
    const onEnd = (): void => this.#end({ code: 1006, reason: "" });
    socket.on("error", onEnd).on("end", onEnd).on("close", onEnd);
    this.#read(received);
  }

  /**
   * Opens a session of `bucket`. Resolves when the head of the answer has arrived.
   *
   * @throws {Error} If it isn't accepted, with the answer.
   */
  static async open(
    url: string,
    bucket: string,
    { token, headers = {} }: SessionOptions = {},
  ): Promise<SessionConnection> {
    const { hostname, port, host } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    await once(socket, "connect");
    socket.setNoDelay();
    const fields = {
      Host: host,
      Connection: "Upgrade",
      Upgrade: "websocket",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": randomBytes(16).toString("base64"),
      "Sec-WebSocket-Protocol": subprotocolsFor(token, SESSION_SUBPROTOCOL).join(", "),
      ...headers,
    };
    const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}`);
    const path = `/buckets/${encodeURIComponent(bucket)}/session`;
    socket.write(`GET ${path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
    let received: Buffer = Buffer.alloc(0);
    while (!received.includes("\r\n\r\n")) {
      const [bytes] = (await once(socket, "data")) as [Buffer];
      received = Buffer.concat([received, bytes]);
    }
    const end = received.indexOf("\r\n\r\n") + 4;
    const head = received.subarray(0, end).toString("latin1");
    if (!/^HTTP\/1\.1 101 .*\r\nsec-websocket-protocol: sluice\.v1\r\n/is.test(head)) {
      socket.destroy();
      throw new Error(`Not a session: ${received.toString("latin1")}`);
    }
    return new SessionConnection(socket, received.subarray(end));
  }

  /** All messages so far. */
  get messages(): SessionMessage[] {
    return this.frames.flat();
  }

  /** Bytes that the system hasn't taken yet. */
  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  /** Sends messages in one frame: one as it is, several as an array. */
  send(...messages: readonly object[]): void {
    this.sendText(JSON.stringify(messages.length === 1 ? messages[0] : messages));
  }

  /** Sends a text frame. */
  sendText(text: string): void {
    this.sendBytes(frame("text", Buffer.from(text)));
  }

  /** Sends a binary frame. */
  sendBinary(content: Buffer): void {
    this.sendBytes(frame("binary", content));
  }

  /** Sends bytes that need not be a frame. */
  sendBytes(bytes: Buffer): void {
    if (!this.#socket.destroyed) this.#socket.write(bytes);
  }

  /** Resolves once `isSo` holds, or the session has ended; rejects if neither comes. */
  async until(isSo: () => boolean): Promise<void> {
    if (isSo() || this.closed) return;
    const waiting = new AbortController();
    const holds = new Promise<void>((resolve) => {
      const check = (): void => {
        if (!isSo() && !this.closed) return;
        this.#onNews.delete(check);
        resolve();
      };
      this.#onNews.add(check);
    });
    const late = setTimeout(PATIENCE_MS, undefined, { signal: waiting.signal }).then(() => {
      throw new Error(
        `Not as expected within ${PATIENCE_MS} ms: …${JSON.stringify(this.messages).slice(-500)}`,
      );
    });
    late.catch(() => undefined);
    await Promise.race([holds, late]);
    waiting.abort();
  }

  /** The first message about `id` that has one of these members. Rejects if the session ends first. */
  async answer(id: MessageId, ...members: readonly string[]): Promise<SessionMessage> {
    const find = (): SessionMessage | undefined => {
      return this.messages.find((one) => one.id === id && members.some((name) => name in one));
    };
    await this.until(() => find() !== undefined);
    const found = find();
    if (!found) throw new Error(`The session has ended: ${JSON.stringify(this.closed)}`);
    return found;
  }

  /** How the acquire `id` has ended. Rejects if the session ends first. */
  ending(id: MessageId): Promise<SessionMessage> {
    return this.answer(id, "granted", "refused", "cancelled");
  }

  /** Stops reading: what Sluice sends stays on the way. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Closes in order, with a close frame. */
  close(code = 1000): void {
    this.sendBytes(frame("close", Buffer.from([code >> 8, code & 0xff])));
  }

  /** Half-closes the connection (FIN) without a close frame. */
  halfClose(): void {
    this.#socket.end();
  }

  /** Closes the connection (FIN) without a close frame, as a process that is killed does. */
  destroy(): void {
    this.#socket.destroy();
  }

  /** Resets the connection (RST). */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  [Symbol.dispose](): void {
    this.destroy();
  }

  #read(bytes: Buffer): void {
    this.#received = this.#received.length === 0 ? bytes : Buffer.concat([this.#received, bytes]);
    for (;;) {
      const parsed = parse(this.#received);
      if (!parsed) break;
      this.#received = this.#received.subarray(parsed.length);
      this.#take(parsed);
    }
    for (const check of this.#onNews) check();
  }

  #take({ opcode, content }: Parsed): void {
    if (opcode === opcodes.close) {
      const code = content.length >= 2 ? content.readUInt16BE(0) : 1005;
      this.#end({ code, reason: content.subarray(2).toString() });
      this.#socket.end(frame("close", content.subarray(0, 2)));
    }
    if (opcode !== opcodes.text) return;
    const text = content.toString();
    const isJson = text.startsWith("{") || text.startsWith("[");
    if (!isJson) this.texts.push(text);
    else this.frames.push([JSON.parse(text) as SessionMessage | SessionMessage[]].flat());
  }

  #end(close: SessionClose): void {
    this.closed ??= close;
    for (const check of this.#onNews) check();
  }
}

/** A frame from a client, masked. */
export function frame(kind: keyof typeof opcodes, content: Buffer): Buffer {
  const { length } = content;
  const first = 0x80 | opcodes[kind];
  const mask = randomBytes(4);
  const size = Buffer.alloc(length < 126 ? 1 : length < 65_536 ? 3 : 9);
  if (length < 126) size.writeUInt8(0x80 | length);
  else if (length < 65_536) {
    size.writeUInt8(0x80 | 126);
    size.writeUInt16BE(length, 1);
  } else {
    size.writeUInt8(0x80 | 127);
    size.writeBigUInt64BE(BigInt(length), 1);
  }
  const masked = Buffer.from(content.map((byte, index) => byte ^ (mask[index % 4] ?? 0)));
  return Buffer.concat([Buffer.from([first]), size, mask, masked]);
}

interface Parsed {
  readonly opcode: number;
  readonly content: Buffer;
  /** How many bytes it spans. */
  readonly length: number;
}

/** The frame at the start of `bytes`, once it is complete; Sluice neither masks nor splits what it sends. */
function parse(bytes: Buffer): Parsed | undefined {
  if (bytes.length < 2) return undefined;
  const short = bytes.readUInt8(1);
  const extra = short === 126 ? 2 : short === 127 ? 8 : 0;
  const start = 2 + extra;
  if (bytes.length < start) return undefined;
  const size =
    extra === 0 ? short : extra === 2 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  const length = start + size;
  if (bytes.length < length) return undefined;
  return { opcode: bytes.readUInt8(0) & 0x0f, content: bytes.subarray(start, length), length };
}
