/** Reading a small JSON object from a request: what `JSON.parse` takes silently is an error here. */
import { isRecord } from "../../core/is-record.ts";

/** What is wrong with a body, in a sentence. */
export class JsonBodyError extends Error {
  override readonly name = "JsonBodyError";
}

/** The body is larger than was allowed. */
export class BodyTooLargeError extends Error {
  override readonly name = "BodyTooLargeError";

  constructor(mostBytes: number) {
    super(`The body is larger than ${mostBytes} bytes`);
  }
}

/**
 * The JSON object that is the body of `request`; an empty body is an empty object. Reads no further
 * than to the first byte over `mostBytes`.
 *
 * @throws {BodyTooLargeError} (as a rejection) Where the body is larger, announced or not.
 * @throws {JsonBodyError} (as a rejection) Where the body breaks off, is no JSON, no object, or names
 * a member twice.
 */
export async function readJsonObject(
  request: Request,
  mostBytes: number,
): Promise<Record<string, unknown>> {
  return parseJsonObject(await readText(request, mostBytes));
}

async function readText({ headers, body }: Request, mostBytes: number): Promise<string> {
  if (Number(headers.get("Content-Length")) > mostBytes) throw new BodyTooLargeError(mostBytes);
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  try {
    for await (const chunk of body ?? []) {
      bytes += chunk.byteLength;
      if (bytes > mostBytes) break;
      text += decoder.decode(chunk, { stream: true });
    }
  } catch {
    // Fewer bytes than announced, or a chunk that is none.
    throw new JsonBodyError("the body broke off");
  }
  if (bytes > mostBytes) throw new BodyTooLargeError(mostBytes);
  return text + decoder.decode();
}

function parseJsonObject(text: string): Record<string, unknown> {
  if (text.trim() === "") return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new JsonBodyError("the body is not JSON");
  }
  if (!isRecord(value)) throw new JsonBodyError("the body must be a JSON object");
  if (isFlat(value) && countKeys(text) !== Object.keys(value).length) {
    throw new JsonBodyError("the body names a member twice");
  }
  return value;
}

/** Whether no member holds members of its own; all that do are illegal in every body of Sluice. */
function isFlat(members: Record<string, unknown>): boolean {
  return Object.values(members).every((value) => typeof value !== "object" || value === null);
}

/** Strings of a JSON text that stand before a colon. */
function countKeys(text: string): number {
  const strings = [...text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?/gs)];
  return strings.filter(([, colon]) => colon !== undefined).length;
}
