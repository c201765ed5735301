/**
 * Where the messages of an HTTP/1 connection begin and end, for a reader that only looks on: nothing of
 * them is changed, held back or passed on here. It reads as the server behind it does (KJ's HTTP: line
 * ends with or without CR, `Transfer-Encoding` before `Content-Length`), and what it cannot follow it
 * does not guess at: from there on it says `unclear`.
 *
 * Pure: no clock, no socket.
 */

/** How long the body of a message is: bytes, by its chunks, or not to be told by its head. */
export type BodyLength = number | "chunked" | "unclear";

/** What a message's head says of its body, for `MessageReader`; `skip` where another head follows. */
type HeadReader = (head: string) => BodyLength | "skip";

/** Where a direction of the connection stands: between two messages, in a head, in a body, or unknown. */
export type Position = "between" | "head" | "body" | "unclear";

type State = "between" | "head" | "counted" | "size" | "chunk" | "gap" | "trailer" | "unclear";

/** The server takes no longer heads either: it answers 431. */
const MAX_HEAD_BYTES = 128 * 1024;
/** Of a chunk's size with its extensions, and of a trailer. */
const MAX_LINE_BYTES = 8 * 1024;
const CR = 13;
const LF = 10;
const HEAD_END = /\n\r?\n/g;
/** More of an unfinished head than these characters cannot belong to its end. */
const HEAD_END_OVERLAP = 2;

const positions: Readonly<Record<State, Position>> = {
  between: "between",
  head: "head",
  counted: "body",
  size: "body",
  chunk: "body",
  gap: "body",
  trailer: "body",
  unclear: "unclear",
};

/** Reads one direction of a connection. */
export class MessageReader {
  readonly #readHead: HeadReader;
  readonly #onEnd: () => void;
  #state: State = "between";
  /** What is here of an unfinished head or line. */
  #begun = "";
  /** Bytes that are still to come of a counted body or of a chunk. */
  #awaited = 0;
  #bodyBytes = 0;

  /** @param onEnd Is called at the end of each message that `readHead` does not skip. */
  constructor(readHead: HeadReader, onEnd: () => void) {
    this.#readHead = readHead;
    this.#onEnd = onEnd;
  }

  get position(): Position {
    return positions[this.#state];
  }

  /**
   * Of what has been read of a body that is longer than `maxBytes`: how many bytes at its end a server need not
   * have that takes no more, none of a body whose length was announced. `undefined` where no such body comes in.
   */
  surplusOver(maxBytes: number): number | undefined {
    if (this.#state === "counted") {
      return this.#bodyBytes + this.#awaited > maxBytes ? this.#bodyBytes : undefined;
    }
    const isOver = this.position === "body" && this.#bodyBytes > maxBytes;
    return isOver ? this.#bodyBytes - maxBytes : undefined;
  }

  /** Reads on. */
  read(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length && this.#state !== "unclear") at = this.#step(bytes, at);
  }

  /** Reads from `at` on as far as this state goes; returns where it came to. */
  #step(bytes: Buffer, at: number): number {
    switch (this.#state) {
      case "between":
        // An empty line in front of a message is allowed.
        if (bytes[at] === CR || bytes[at] === LF) return at + 1;
        this.#state = "head";
        return at;
      case "head":
        return this.#stepHead(bytes, at);
      case "counted":
      case "chunk":
        return this.#stepCounted(bytes, at);
      case "size":
      case "gap":
      case "trailer":
        return this.#stepLine(bytes, at);
      case "unclear":
        return bytes.length;
      default:
        return this.#state satisfies never;
    }
  }

  #stepHead(bytes: Buffer, at: number): number {
    const most = Math.min(bytes.length, at + MAX_HEAD_BYTES - this.#begun.length);
    const more = bytes.toString("latin1", at, most);
    const overlap = this.#begun.slice(-HEAD_END_OVERLAP);
    HEAD_END.lastIndex = 0;
    if (!HEAD_END.test(overlap + more)) {
      this.#begun += more;
      if (this.#begun.length >= MAX_HEAD_BYTES) this.#state = "unclear";
      return most;
    }
    const taken = HEAD_END.lastIndex - overlap.length;
    const head = this.#begun + more.slice(0, taken);
    this.#begun = "";
    this.#enterBody(this.#readHead(head));
    return at + taken;
  }

  #enterBody(length: BodyLength | "skip"): void {
    this.#bodyBytes = 0;
    if (length === "skip") this.#state = "between";
    else if (length === "unclear") this.#state = "unclear";
    else if (length === "chunked") this.#state = "size";
    else if (length > 0) this.#expect("counted", length);
    else this.#end();
  }

  #stepCounted(bytes: Buffer, at: number): number {
    const taken = Math.min(this.#awaited, bytes.length - at);
    this.#awaited -= taken;
    this.#bodyBytes += taken;
    if (this.#awaited === 0) {
      if (this.#state === "counted") this.#end();
      else this.#state = "gap";
    }
    return at + taken;
  }

  #stepLine(bytes: Buffer, at: number): number {
    const lineEnd = bytes.indexOf(LF, at);
    const end = lineEnd < 0 ? bytes.length : lineEnd;
    if (this.#begun.length + end - at > MAX_LINE_BYTES) {
      this.#state = "unclear";
      return bytes.length;
    }
    this.#begun += bytes.toString("latin1", at, end);
    if (lineEnd < 0) return end;
    const line = this.#begun.replace(/\r$/, "");
    this.#begun = "";
    this.#takeLine(line);
    return end + 1;
  }

  #takeLine(line: string): void {
    if (this.#state === "trailer") {
      if (line === "") this.#end();
      return;
    }
    if (this.#state === "gap") {
      this.#state = line === "" ? "size" : "unclear";
      return;
    }
    const [, digits] = /^([0-9a-f]{1,16})[ \t]*(?:;|$)/i.exec(line) ?? [];
    const size = digits === undefined ? NaN : Number.parseInt(digits, 16);
    if (size > 0) this.#expect("chunk", size);
    else this.#state = size === 0 ? "trailer" : "unclear";
  }

  #expect(state: "counted" | "chunk", bytes: number): void {
    this.#state = state;
    this.#awaited = bytes;
  }

  #end(): void {
    this.#state = "between";
    this.#onEnd();
  }
}

/** The length that the fields of a head give to its body; `undefined` where they give none. */
export function bodyLengthIn(head: string): BodyLength | undefined {
  const fields = /\n(content-length|transfer-encoding)[ \t]*:[ \t]*([^\r\n]*)/gi;
  let length: BodyLength | undefined;
  let coding: string | undefined;
  for (let field = fields.exec(head); field; field = fields.exec(head)) {
    const [, name = "", value = ""] = field;
    const text = value.trimEnd();
    if (name.length === "transfer-encoding".length) {
      if (coding !== undefined) return "unclear";
      coding = text.toLowerCase();
    } else {
      const isCount = length === undefined && /^\d{1,15}$/.test(text);
      length = isCount ? Number(text) : "unclear";
    }
  }
  if (coding !== undefined) return coding === "chunked" ? "chunked" : "unclear";
  return length;
}
