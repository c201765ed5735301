/** `GET /buckets/NAME/watch`: a bucket's events over a WebSocket. */
import type { BucketStub } from "../bucket-stub.ts";
import type { Deployment } from "../deployment.ts";
import type { Call } from "./call.ts";

import { COMMON_FIELDS } from "../../answers/common-fields.ts";
import { problemResponse } from "../../answers/problem.ts";
import { showValue } from "../../core/values.ts";
import { SUBPROTOCOL } from "../../protocol/watch-feed.ts";
import { isOriginAllowed, isUpgrade, subprotocolsOf, withBearer } from "../http/watch-request.ts";
import { jsonAnswer } from "./call.ts";

export const watch: Call = {
  method: "GET",
  path: "/buckets/{name}/watch",
  operationId: "watch",
  tag: "Buckets",
  summary: "Watch a bucket live",
  description:
    'Sends events over a WebSocket: request an upgrade with the subprotocol `sluice`. Scripts in browsers can\'t send `Authorization` here. They offer a second subprotocol instead: `sluice.bearer.` followed by the token in base64url. Pages from other origins may watch if `CORS_ORIGINS` lists them. Report what you have read with `{"read":N}`, the total length of all messages so far in UTF-16 units. A watcher with more than 524,288 units not reported as read is closed with code 4408, and may connect again. `ping` is answered with `pong`.',
  right: "read",
  answers: {
    101: jsonAnswer(
      "A WebSocket. Each message is JSON like this; the first is sent immediately.",
      "WatchMessage",
    ),
  },
  reasons: ["origin-not-allowed", "upgrade-required", "watchers-full"],
  hasNoHead: true,
  answerToAnyone: refuseOrigin,
  bearerOf: withBearer,
  handleBucket: (bucket, { request }) => watchBucket(bucket, request),
};

function refuseOrigin(request: Request, { settings }: Deployment): Response | undefined {
  if (isOriginAllowed(request, settings.corsOrigins)) return undefined;
  const detail = `Pages from ${showValue(request.headers.get("Origin"))} may not watch: add the origin to CORS_ORIGINS`;
  return problemResponse("origin-not-allowed", { detail });
}

async function watchBucket(bucket: BucketStub, request: Request): Promise<Response> {
  if (!isUpgrade(request)) {
    const detail = "Watching a bucket needs a WebSocket: send Upgrade: websocket";
    const headers = { Upgrade: "websocket", Connection: "Upgrade" };
    return problemResponse("upgrade-required", { detail, headers });
  }
  const answer = await bucket.watch();
  if (answer.webSocket === null) return answer;
  const isOffered = subprotocolsOf(request).includes(SUBPROTOCOL);
  const headers = { ...COMMON_FIELDS, ...(isOffered && { "Sec-WebSocket-Protocol": SUBPROTOCOL }) };
  return new Response(null, { status: 101, webSocket: answer.webSocket, headers });
}
