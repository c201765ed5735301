/** What a holder's call comes to as an HTTP response. */
import type { HoldAnswer, PermitAnswer } from "../core/holds/hold-call.ts";

import { refusedResponse } from "./acquire-response.ts";
import { holdRefusal, permitRefusal } from "./hold-result.ts";
import { jsonResponse } from "./json-response.ts";

/** The response to the holder of a hold. */
export function holdResponse(answer: HoldAnswer): Response {
  if (answer.kind === "settled") return jsonResponse(answer.settled);
  if (answer.kind !== "open") return refusedResponse(holdRefusal(answer));
  const { id, expiresAtMs } = answer;
  return jsonResponse({ id, expiresAtMs });
}

/** The response to the holder of a permit that extends it. */
export function permitResponse(answer: PermitAnswer): Response {
  if (answer.kind === "extended") return jsonResponse(answer.permit);
  return refusedResponse(permitRefusal(answer));
}
