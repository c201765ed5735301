import { jsonResponse } from "../../answers/json-response.js";
import { jsonAnswer } from "./call.js";
export const health = {
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
