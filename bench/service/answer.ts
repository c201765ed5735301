/** One answer, and what it takes to give the same. */
import { TimedRequest, type TimedAnswer } from "../../kit/http/timed-request.ts";

/** What a bare Worker or a peer is to answer; its length is for whoever sends it to say. */
export interface Answer {
  readonly fields: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Asks once, on a connection of its own. */
export async function ask(url: string, path: string): Promise<TimedAnswer> {
  const request = await TimedRequest.open(url);
  try {
    return (await request.send(path)).answer;
  } finally {
    request.close();
  }
}

export function contentOf({ head, body }: TimedAnswer): Answer {
  const [, ...lines] = head.split("\r\n");
  const fields = lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 1).trim()] as const;
  });
  const others = fields.filter(([name]) => name.toLowerCase() !== "content-length");
  return { fields: Object.fromEntries(others), body };
}

/** The length of all of it, in bytes. */
export function bytesOf({ head, body }: TimedAnswer): number {
  return head.length + "\r\n\r\n".length + body.length;
}

/** What two answers may differ in length by: a number in them with a digit more, here and there. */
const DIGITS = 4;

/** Whether two answers are the same but for their numbers, which are those of instants and tokens. */
export function isAlike(one: TimedAnswer, other: TimedAnswer): boolean {
  const plain = ({ head, body }: TimedAnswer) => `${head}\r\n\r\n${body}`.replaceAll(/\d+/g, "0");
  return plain(one) === plain(other) && Math.abs(bytesOf(one) - bytesOf(other)) <= DIGITS;
}

/** Whether `given` has the fields and the body of `wanted`, in any order and with others beside them. */
export function includesAll(given: TimedAnswer, wanted: TimedAnswer): boolean {
  const linesOf = ({ head }: TimedAnswer) => head.toLowerCase().split("\r\n");
  const found = new Set(linesOf(given));
  return given.body === wanted.body && linesOf(wanted).every((line) => found.has(line));
}
