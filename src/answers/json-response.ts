/** Answers in JSON. */
import { COMMON_FIELDS } from "./common-fields.ts";
import { jsonText } from "../protocol/text.ts";

/** The response `200` with this body. */
export function jsonResponse(body: object, headers: Record<string, string> = {}): Response {
  const fields = { ...COMMON_FIELDS, "Content-Type": "application/json", ...headers };
  return new Response(jsonText(body), { headers: fields });
}
