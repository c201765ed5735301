/**
 * The cheapest possible client of a WebSocket: a socket, text in one write, and text that comes back. When a server
 * answers a hundred thousand messages a second, a measurement must measure the server; the WebSocket of Node takes
 * longer than the server. Text must be Latin-1 without anything beyond ASCII, and the other end must send whole
 * frames, as workerd does.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";

const HEAD_END = "\r\n\r\n";
const SWITCHING = "HTTP/1.1 101 ";
/** Of RFC 6455, 5.2: the last frame of a message, and it is text. */
const FINAL_TEXT = 0x81;
const FINAL_CLOSE = 0x88;
const MASKED = 0x80;
/** Lengths up to this are in the second byte; this one says that two bytes follow, the next one that eight do. */
const MAX_SHORT_LENGTH = 125;
const LENGTH_IN_TWO = 126;
const LENGTH_IN_EIGHT = 127;
const MAX_LENGTH_IN_TWO = 0xffff;
/** A mask of zeros is a mask, and leaves the text as it is. */
const MASK_BYTES = 4;

/** What the other end does. */
export interface RawWebSocketEvents {
  /** A message has arrived. */
  readonly text: (text: string) => void;
  /** Nothing more will: the connection has ended, or what came can't be read. Not called after `close()`. */
  readonly ended: (why: Error) => void;
}

/** One WebSocket. */
export class RawWebSocket {
  readonly #socket: Socket;
  #isClosed = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  /**
   * Opens a WebSocket at `path` of a server, which must speak `subprotocol`.
   *
   * @throws {Error} If the server doesn't switch protocols.
   */
  static async open(
    url: string,
    path: string,
    subprotocol: string,
    events: RawWebSocketEvents,
  ): Promise<RawWebSocket> {
    const { hostname, port, host } = new URL(url);
    const socket = connect(Number(port), hostname);
    await once(socket, "connect");
    socket.setNoDelay();
    socket.write(
      [
        `GET ${path} HTTP/1.1`,
        `Host: ${host}`,
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        `Sec-WebSocket-Protocol: ${subprotocol}${HEAD_END}`,
      ].join("\r\n"),
    );
    const opened = new RawWebSocket(socket);
    const reader = new FrameReader(events.text);
    const end = (why: Error): void => {
      if (opened.#isClosed) return;
      opened.close();
      events.ended(why);
    };
    reader.take(await headOf(socket));
    socket.on("data", (chunk: Buffer) => {
      try {
        reader.take(chunk);
      } catch (error) {
        end(error instanceof Error ? error : new Error(String(error)));
      }
    });
    socket.on("error", end).on("close", () => end(new Error("The WebSocket has ended")));
    return opened;
  }

  /** Sends a message of ASCII. */
  send(text: string): void {
    this.#socket.write(frameOf(text));
  }

  close(): void {
    this.#isClosed = true;
    this.#socket.destroy();
  }
}

/** Reads frames from the chunks in which they arrive. */
export class FrameReader {
  readonly #onText: (text: string) => void;
  #rest: Buffer = Buffer.alloc(0);

  constructor(onText: (text: string) => void) {
    this.#onText = onText;
  }

  /** @throws {Error} At a frame that isn't a whole message of text. */
  take(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    for (;;) {
      const frame = frameAt(bytes, at);
      if (!frame) break;
      at = frame.end;
      this.#onText(bytes.toString("latin1", frame.start, frame.end));
    }
    this.#rest = bytes.subarray(at);
  }
}

/** Where the payload of the frame at `at` is; `undefined` if it isn't complete. */
function frameAt(bytes: Buffer, at: number): { start: number; end: number } | undefined {
  if (bytes.length < at + 2) return undefined;
  const kind = bytes.readUInt8(at);
  const short = bytes.readUInt8(at + 1);
  let start = at + 2;
  let length = short;
  if (short === LENGTH_IN_TWO) {
    if (bytes.length < start + 2) return undefined;
    length = bytes.readUInt16BE(start);
    start += 2;
  } else if (short === LENGTH_IN_EIGHT) {
    if (bytes.length < start + 8) return undefined;
    length = Number(bytes.readBigUInt64BE(start));
    start += 8;
  }
  const end = start + length;
  if (bytes.length < end) return undefined;
  if (kind === FINAL_TEXT) return { start, end };
  const words = kind === FINAL_CLOSE ? `: ${closeWords(bytes.subarray(start, end))}` : "";
  throw new Error(`A frame of the kind 0x${kind.toString(16)} instead of text${words}`);
}

function closeWords(payload: Buffer): string {
  return payload.length < 2 ? "" : `${payload.readUInt16BE(0)} ${payload.toString("utf8", 2)}`;
}

function frameOf(text: string): Buffer {
  const { length } = text;
  const head = headFor(length);
  const frame = Buffer.alloc(head.length + MASK_BYTES + length);
  frame.set(head);
  frame.write(text, head.length + MASK_BYTES, "latin1");
  return frame;
}

function headFor(length: number): readonly number[] {
  if (length <= MAX_SHORT_LENGTH) return [FINAL_TEXT, MASKED | length];
  if (length > MAX_LENGTH_IN_TWO) throw new RangeError(`Cannot send ${length} bytes in a frame`);
  return [FINAL_TEXT, MASKED | LENGTH_IN_TWO, length >> 8, length & 0xff];
}

/** Reads the answer to the upgrade; resolves with what came after it. */
async function headOf(socket: Socket): Promise<Buffer> {
  let received = Buffer.alloc(0);
  for (;;) {
    const [chunk] = (await once(socket, "data")) as [Buffer];
    received = Buffer.concat([received, chunk]);
    const headEnd = received.indexOf(HEAD_END);
    if (headEnd < 0) continue;
    if (received.toString("latin1", 0, SWITCHING.length) === SWITCHING) {
      return received.subarray(headEnd + HEAD_END.length);
    }
    socket.destroy();
    throw new Error(`No WebSocket: ${received.toString("latin1")}`);
  }
}
