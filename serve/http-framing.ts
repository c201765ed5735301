/**
 * Finds where the messages of an HTTP/1 connection begin and end. It only observes: it changes, delays and
 * forwards nothing. It parses like the server behind it (KJ's HTTP: line ends with or without CR,
 * `Transfer-Encoding` before `Content-Length`). It never guesses: from the first byte that it can't parse,
 * its position is `unclear`.
 *
 * Pure: no clock, no socket.
 */

/** The length of a message's body: a number of bytes, `chunked`, or `unclear` from the head. */
export type BodyLength = number | "chunked" | "unclear";

/** Takes a body's length from the message's head, for `MessageReader`; `skip` if another head follows. */
type HeadReader = (head: string) => BodyLength | "skip";

/** The position of one direction of a connection: between two messages, in a head, in a body, or unknown. */
export type Position = "between" | "head" | "body" | "unclear";

type State = "between" | "head" | "counted" | "size" | "chunk" | "gap" | "trailer" | "unclear";

/** The server's own limit: it answers a longer head with 431. */
const MAX_HEAD_BYTES = 128 * 1024;
/** Limit for the line of a chunk's size, extensions included, and for a line of the trailer. */
const MAX_LINE_BYTES = 8 * 1024;
const CR = 13;
const LF = 10;
const HEAD_END = /\n\r?\n/g;
/** How many characters of an unfinished head can belong to the sequence that ends it. */
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
  /** The part of an unfinished head or line that has arrived. */
  #begun = "";
  /** Bytes of a counted body or of a chunk that have yet to arrive. */
  #awaited = 0;
  #bodyBytes = 0;

  /** @param onEnd Called at the end of each message that `readHead` doesn't skip. */
  constructor(readHead: HeadReader, onEnd: () => void) {
    this.#readHead = readHead;
    this.#onEnd = onEnd;
  }

  get position(): Position {
    return positions[this.#state];
  }

  /**
   * How many of the latest bytes to withhold from a server that accepts bodies of `maxBytes`, if the body
   * that is arriving is longer: every byte of a body whose length was announced, otherwise those beyond
   * `maxBytes`. `undefined` if no such body is arriving.
   */
  surplusOver(maxBytes: number): number | undefined {
    if (this.#state === "counted") {
      return this.#bodyBytes + this.#awaited > maxBytes ? this.#bodyBytes : undefined;
    }
    const isOver = this.position === "body" && this.#bodyBytes > maxBytes;
    return isOver ? this.#bodyBytes - maxBytes : undefined;
  }

  /** Reads the next bytes. */
  read(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length && this.#state !== "unclear") at = this.#step(bytes, at);
  }

  /** Reads from `at` to the end of the current state; returns where that is. */
  #step(bytes: Buffer, at: number): number {
    switch (this.#state) {
      case "between":
        // Empty lines before a message are allowed.
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

/** The body's length as given by the fields of the head; `undefined` if no field gives it. */
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
