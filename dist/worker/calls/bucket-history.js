import { jsonResponse } from "../../answers/json-response.js";
import { jsonAnswer } from "./call.js";
export const bucketHistory = {
    method: "GET",
    path: "/buckets/{name}/history",
    operationId: "history",
    tag: "Buckets",
    summary: "History of a bucket",
    description: "Up to an hour in windows of ten seconds, as far as the bucket was busy: five requests settled in five seconds, or a caller that waited for five. The bucket's object keeps it in memory, so it begins anew when the object does. Takes no tokens and starts no bucket.",
    right: "read",
    answers: {
        200: jsonAnswer("The history.", "History", {
            intervalMs: 10_000,
            points: [
                [1795425904731, 99, 31, 42, 1800, 4120],
                [1795425914733, 100, 28, 40, 1750, 4010],
            ],
        }),
    },
    handleBucket: async (bucket) => jsonResponse(await bucket.history()),
};
