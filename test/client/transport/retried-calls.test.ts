/** How often and when a call is sent again is in retry.test.ts. */
import { expect, it } from "vitest";

import { Connection } from "../../../src/client/transport/connection.ts";
import { RetriedCalls } from "../../../src/client/transport/retried-calls.ts";

const call = { method: "PUT", path: "/buckets/x/permits/p", headers: {} };

function callsThat(answers: (() => Response)[], retryForMs = 10_000): RetriedCalls {
  const fetch = async (): Promise<Response> => {
    const answer = answers.shift();
    if (!answer) throw new TypeError("fetch failed");
    return answer();
  };
  return new RetriedCalls(new Connection({ url: "http://sluice.test", fetch }), retryForMs);
}

const lost = (): Response => {
  const body = JSON.stringify({ status: 410, reason: "permit-lost", detail: "Because" });
  return new Response(body, { status: 410 });
};
const busy = (): Response => new Response("busy", { status: 503 });
const fine = (): Response => Response.json({ id: "p" });

it("RetriedCalls sends a call again if something in between fails", async () => {
  expect(await callsThat([busy, fine]).send(call, {})).toMatchObject({ body: { id: "p" } });
});

it("RetriedCalls throws a problem, unless its reason is expected", async () => {
  await expect(callsThat([lost]).send(call, {})).rejects.toMatchObject({
    name: "SluiceError",
    reason: "permit-lost",
    status: 410,
  });
  const answer = await callsThat([lost]).send(call, { expected: ["permit-lost"] });
  expect(answer).toMatchObject({ status: 410, body: { reason: "permit-lost" } });
});

it("RetriedCalls throws unavailable in the end, and the signal's reason at once", async () => {
  await expect(callsThat([], 0).send(call, {})).rejects.toMatchObject({ reason: "unavailable" });
  const signal = AbortSignal.abort(new Error("left"));
  await expect(callsThat([fine]).send(call, { signal })).rejects.toThrow("left");
});
