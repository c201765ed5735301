/** Reading a small JSON object from a request: what `JSON.parse` takes silently is an error here. */
import { isRecord } from "./is-record.ts";

/** What is wrong with a body, in a sentence. */
export class JsonBodyError extends Error {
  override readonly name = "JsonBodyError";
}

/**
 * The JSON object that is the body of `request`; an empty body is an empty object.
 *
 * @throws {JsonBodyError} (as a rejection) Where the body breaks off, is no JSON, no object, or names
 * a member twice.
 */
export async function readJsonObject(request: Request): Promise<Record<string, unknown>> {
  let text: string;
  try {
    text = await request.text();
  } catch {
    throw new JsonBodyError("the body broke off");
  }
  return parseJsonObject(text);
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
