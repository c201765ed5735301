/** `GET /healthz`: whether the Worker answers. */
import type { Call } from "./call.ts";

import { jsonResponse } from "../../answers/json-response.ts";
import { jsonAnswer } from "./call.ts";

export const health: Call = {
  method: "GET",
  path: "/healthz",
  operationId: "health",
  tag: "Service",
  summary: "Check that the Worker answers",
  description: "Reaches no bucket.",
  answers: { 200: jsonAnswer("The Worker answers.", "Health") },
  // It reveals nothing that matters, and load balancers use whatever name they have.
  isOnAnyHost: true,
  handle: () => jsonResponse({ status: "ok" }),
};
