/** What a holder's call comes to as an HTTP response. */
import type { HoldAnswer, PermitAnswer } from "../core/holds/hold-call.ts";

import { invalidRequestResponse } from "./acquire-response.ts";
import { jsonResponse } from "./json-response.ts";
import { problemResponse } from "./problem.ts";

/** The response to the holder of a hold. */
export function holdResponse(answer: HoldAnswer): Response {
  switch (answer.kind) {
    case "settled":
      return jsonResponse(answer.settled);
    case "open": {
      const { id, expiresAtMs } = answer;
      return jsonResponse({ id, expiresAtMs });
    }
    case "unknown-hold": {
      const detail =
        "This bucket has no such hold: it never had, or the hold ended over 10 minutes ago";
      return problemResponse(answer.kind, { detail });
    }
    case "hold-settled": {
      const { kind, settledAtMs, expiredAtMs } = answer;
      const detail =
        expiredAtMs === undefined
          ? `The hold was settled at ${settledAtMs}: only the same used can be sent again`
          : `The hold ended at ${expiredAtMs} and its tokens are spent: send used if it was more`;
      return problemResponse(kind, { detail, settledAtMs, expiredAtMs });
    }
    case "invalid":
      return invalidRequestResponse(answer.errors);
    default:
      return answer satisfies never;
  }
}

/** The response to the holder of a permit that extends it. */
export function permitResponse(answer: PermitAnswer): Response {
  if (answer.kind === "extended") return jsonResponse(answer.permit);
  const detail =
    "This bucket has no such permit: its time was up, or it was released; acquire another one";
  return problemResponse(answer.kind, { detail });
}
