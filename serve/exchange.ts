/**
 * What a client's connection is about at a moment: who has to act next, the client or the server. It is
 * told by looking at the bytes of both directions, and decides about nothing but how long the connection
 * may stay so; a reading that went wrong can end a connection too late, or one that nobody waits on, and
 * never confuse two requests.
 */
import { MessageReader, bodyLengthIn, type BodyLength } from "./http-framing.ts";

/**
 * - `idle`: no request has begun, and none waits for its answer
 * - `head`, `body`: the client has sent a part of a request, and nothing before that waits for an answer
 * - `answer`: a request waits for its answer, or the answer for its end
 * - `tunnel`: a WebSocket, or an answer that ends with the connection
 * - `unclear`: the client has sent what cannot be followed
 */
export type Phase = "idle" | "head" | "body" | "answer" | "tunnel" | "unclear";

const SWITCHING_PROTOCOLS = 101;

/** The requests of a connection and their answers. */
export class Exchange {
  /** Of each request whose answer has not ended, in order: whether it is a HEAD. */
  readonly #unanswered: boolean[] = [];
  readonly #requests = new MessageReader(
    (head) => this.#readRequest(head),
    () => undefined,
  );
  readonly #answers = new MessageReader(
    (head) => this.#readAnswer(head),
    () => this.#endAnswer(),
  );
  /** Whether the request whose body comes in has its answer already, as one that is too large. */
  #isAnsweredEarly = false;
  #asked = 0;

  /** How many requests have begun: their heads are here. */
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

  /** See `MessageReader.surplusOver`, of the request that comes in. */
  surplusOver(maxBytes: number): number | undefined {
    return this.#requests.surplusOver(maxBytes);
  }

  /** Whether the client is owed an answer that has not begun. */
  get isAnswerDue(): boolean {
    const isNext = this.#unanswered.length > 0 || this.#requests.position === "head";
    return isNext && this.#answers.position === "between";
  }

  /** Bytes of the client's, on their way to the server. */
  readFromClient(bytes: Buffer): void {
    this.#requests.read(bytes);
  }

  /** Bytes of the server's, on their way to the client. */
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
