/** One answer, and what it takes to give the same. */
import { HeldRequest, type HeldAnswer } from "../../test/support/held-request.ts";

/** What a bare Worker or a peer is to answer; its length is for whoever sends it to say. */
export interface Answer {
  readonly fields: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Asks once, on a connection of its own. */
export async function ask(url: string, path: string): Promise<HeldAnswer> {
  const request = await HeldRequest.open(url);
  try {
    return (await request.send(path)).answer;
  } finally {
    request.close();
  }
}

export function contentOf({ head, body }: HeldAnswer): Answer {
  const [, ...lines] = head.split("\r\n");
  const fields = lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 1).trim()] as const;
  });
  const others = fields.filter(([name]) => name.toLowerCase() !== "content-length");
  return { fields: Object.fromEntries(others), body };
}

/** The length of all of it, in bytes. */
export function bytesOf({ head, body }: HeldAnswer): number {
  return head.length + "\r\n\r\n".length + body.length;
}

/** With every digit the same: those of instants and of what is left differ from answer to answer. */
export function withoutDigits({ head, body }: HeldAnswer): Pick<HeldAnswer, "head" | "body"> {
  const plain = (text: string) => text.replaceAll(/\d/g, "0");
  return { head: plain(head), body: plain(body) };
}
