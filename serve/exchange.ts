/**
 * Tracks whose turn it is on a client's connection, the client's or the server's, by reading the bytes in
 * both directions. The result only decides how long the connection may stay as it is. A wrong reading
 * can end a connection too late, or end one that nobody waits on; it can never mix up two requests.
 */
import { MessageReader, bodyLengthIn, type BodyLength } from "./http-framing.ts";

/**
 * - `idle`: no request has started, and none is waiting for its answer
 * - `head`, `body`: the client has sent part of a request, and no earlier one is waiting for its answer
 * - `answer`: a request is waiting for its answer, or for the rest of it
 * - `tunnel`: a WebSocket, or an answer that ends with the connection
 * - `unclear`: the client has sent something that this reader can't parse
 */
export type Phase = "idle" | "head" | "body" | "answer" | "tunnel" | "unclear";

const SWITCHING_PROTOCOLS = 101;

/** The requests of a connection and their answers. */
export class Exchange {
  /** For each request whose answer is incomplete, in order: whether it is a HEAD. */
  readonly #unanswered: boolean[] = [];
  readonly #requests = new MessageReader(
    (head) => this.#readRequest(head),
    () => undefined,
  );
  readonly #answers = new MessageReader(
    (head) => this.#readAnswer(head),
    () => this.#endAnswer(),
  );
  /** Whether the request whose body is arriving is answered already, as one that is too large is. */
  #isAnsweredEarly = false;
  #asked = 0;

  /** How many requests have arrived, counted at the end of their heads. */
  get asked(): number {
    return this.#asked;
  }

  get phase(): Phase {
    const answers = this.#answers.position;
    if (answers === "unclear") return "tunnel";
    const requests = this.#requests.position;
    if (requests === "unclear") return requests;
    const isReceiving = requests === "body" && !this.#isAnsweredEarly;
    const whole = this.#unanswered.length - (isReceiving ? 1 : 0);
    if (whole > 0 || answers !== "between") return "answer";
    return requests === "between" ? "idle" : requests;
  }

  /** See `MessageReader.surplusOver`; applies to the request that is arriving. */
  surplusOver(maxBytes: number): number | undefined {
    return this.#requests.surplusOver(maxBytes);
  }

  /** Whether the client is owed an answer that has not started. */
  get isAnswerDue(): boolean {
    const isNext = this.#unanswered.length > 0 || this.#requests.position === "head";
    return isNext && this.#answers.position === "between";
  }

  /** Reads bytes on their way from the client to the server. */
  readFromClient(bytes: Buffer): void {
    this.#requests.read(bytes);
  }

  /** Reads bytes on their way from the server to the client. */
  readFromServer(bytes: Buffer): void {
    this.#answers.read(bytes);
  }

  #readRequest(head: string): BodyLength {
    this.#asked += 1;
    this.#isAnsweredEarly = false;
    this.#unanswered.push(head.startsWith("HEAD "));
    return bodyLengthIn(head) ?? 0;
  }

  #readAnswer(head: string): BodyLength | "skip" {
    const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1]);
    if (status === SWITCHING_PROTOCOLS) return "unclear";
    if (status < 200) return "skip";
    const isForHead = this.#unanswered[0] ?? false;
    const isBare = isForHead || status === 204 || status === 304;
    return isBare ? 0 : (bodyLengthIn(head) ?? "unclear");
  }

  #endAnswer(): void {
    this.#unanswered.shift();
    this.#isAnsweredEarly = this.#unanswered.length === 0 && this.#requests.position === "body";
  }
}
