import { jsonResponse } from "../../answers/json-response.js";
import { VARY } from "../http/accept.js";
import { pageResponse, prefersPage } from "../pages/live-page.js";
import { htmlAnswer, jsonAnswer } from "./call.js";
const snapshot = jsonAnswer("The bucket.", "Snapshot");
export const inspect = {
    method: "GET",
    path: "/buckets/{name}",
    operationId: "inspect",
    tag: "Buckets",
    summary: "Inspect a bucket",
    description: "Takes no tokens and does not start the bucket: an unused bucket is shown as it would start. A client that prefers `text/html`, as browsers do, gets the live page instead. At `/`, browsers get the page of all busy buckets.",
    right: "read",
    answers: { 200: { ...snapshot, content: { ...snapshot.content, ...htmlAnswer.content } } },
    // It is the page that asks a visitor for a token.
    answerToAnyone: (request) => (prefersPage(request) ? pageResponse("/buckets/NAME") : undefined),
    handleBucket: async (bucket) => jsonResponse(await bucket.inspect(), VARY),
};
