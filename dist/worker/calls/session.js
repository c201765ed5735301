import { MAX_FRAME_BYTES, MAX_FRAME_MESSAGES, SESSION_SUBPROTOCOL, sessionCloseCodes, } from "../../protocol/session-messages.js";
import { refuseOrigin, upgrade, withBearer } from "../http/upgrade.js";
import { jsonAnswer } from "./call.js";
const { restarting, tooLarge, tooSlow } = sessionCloseCodes;
export const session = {
    method: "GET",
    path: "/buckets/{name}/session",
    operationId: "session",
    tag: "Acquiring",
    summary: "Open a session",
    description: `Takes any number of acquires over one WebSocket: request an upgrade with the subprotocol \`${SESSION_SUBPROTOCOL}\`. Scripts in browsers send their token as a second subprotocol: \`sluice.bearer.\` followed by the token in base64url. Pages from other origins may open a session if \`CORS_ORIGINS\` lists them. ` +
        `A text frame is one message, \`SessionCall\`, or an array of at most ${MAX_FRAME_MESSAGES.toLocaleString("en")} of them, in at most ${MAX_FRAME_BYTES.toLocaleString("en")} bytes: \`{"op":"acquire","id":7,"tokens":1,"timeoutMs":5000}\`. ` +
        'An acquire that has to wait is answered with `queued`. It ends with exactly one of `granted`, `refused` and `cancelled`, with the body that it has over HTTP, less `bucket`: `{"id":7,"granted":{"tokens":1,…}}`. Everything that is decided in one moment comes in one frame, however long. ' +
        "It is the same queue and the same order as over HTTP. A message that can't be read is refused with `invalid-request`, and the session goes on. A session that closes gives up its places in the queue; their tickets bring them back. " +
        `Close codes: ${tooLarge} after a frame that is too large, of which nothing is done, ${tooSlow} if the reader is too slow, ${restarting} when Sluice restarts. \`ping\` is answered with \`pong\`.`,
    right: "acquire",
    answers: {
        101: jsonAnswer("A WebSocket. Each frame is JSON like this.", "SessionFrame", {
            id: 7,
            granted: { tokens: 1, remaining: 0, waitedMs: 1003, grantedAtMs: 1795425904731 },
        }),
    },
    reasons: ["origin-not-allowed", "upgrade-required", "sessions-full"],
    hasNoHead: true,
    answerToAnyone: (request, { settings }) => {
        return refuseOrigin(request, settings.corsOrigins, "open a session");
    },
    bearerOf: withBearer,
    handleBucket: (bucket, { request }) => {
        return upgrade(request, "A session", SESSION_SUBPROTOCOL, () => bucket.session());
    },
};
