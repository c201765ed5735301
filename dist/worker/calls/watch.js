import { SUBPROTOCOL } from "../../protocol/watch-feed.js";
import { refuseOrigin, upgrade, withBearer } from "../http/upgrade.js";
import { jsonAnswer } from "./call.js";
export const watch = {
    method: "GET",
    path: "/buckets/{name}/watch",
    operationId: "watch",
    tag: "Buckets",
    summary: "Watch a bucket live",
    description: 'Sends events over a WebSocket: request an upgrade with the subprotocol `sluice`. Scripts in browsers can\'t send `Authorization` here. They offer a second subprotocol instead: `sluice.bearer.` followed by the token in base64url. Pages from other origins may watch if `CORS_ORIGINS` lists them. Report what you have read with `{"read":N}`, the total length of all messages so far in UTF-16 units. A watcher with more than 524,288 units not reported as read is closed with code 4408, and may connect again. `ping` is answered with `pong`.',
    right: "read",
    answers: {
        101: jsonAnswer("A WebSocket. Each message is JSON like this; the first is sent immediately.", "WatchMessage"),
    },
    reasons: ["origin-not-allowed", "upgrade-required", "watchers-full"],
    hasNoHead: true,
    answerToAnyone: (request, { settings }) => refuseOrigin(request, settings.corsOrigins, "watch"),
    bearerOf: withBearer,
    handleBucket: (bucket, { request }) => {
        return upgrade(request, "Watching a bucket", SUBPROTOCOL, () => bucket.watch());
    },
};
