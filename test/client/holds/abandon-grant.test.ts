/** Against a real Sluice it is in the list of the client's behaviours. */
import { expect, it } from "vitest";

import { abandonGrant } from "../../../src/client/holds/abandon-grant.ts";
import { cancelCall } from "../../../src/client/transport/give-up.ts";
import { Connection } from "../../../src/client/transport/connection.ts";

const acquire = { method: "POST", path: "/acquire?bucket=a%2Fb", headers: {} };

/** What is sent if the two calls are answered so. */
async function sentFor(cancelled: object, granted: object): Promise<string[]> {
  const sent: string[] = [];
  const connection = new Connection({
    url: "http://sluice.test",
    fetch: async (url, { method }) => {
      const path = url.replace("http://sluice.test", "");
      sent.push(`${method} ${path}`);
      if (method === "POST") return Response.json(granted);
      return path.startsWith("/acquire")
        ? Response.json(cancelled)
        : new Response(null, { status: 204 });
    },
  });
  await abandonGrant(connection, cancelCall("a/b", "key"), acquire, "a/b");
  return sent.slice(1);
}

it("abandonGrant leaves it at the cancel call if that was in time", async () => {
  expect(await sentFor({ cancelled: true }, {})).toEqual([]);
});

it("abandonGrant gives back what the grant left open", async () => {
  const granted = { hold: { id: "h" }, permit: { id: "h", fence: 7 } };
  expect(await sentFor({ cancelled: false }, granted)).toEqual([
    "POST /acquire?bucket=a%2Fb",
    "DELETE /buckets/a%2Fb/holds/h",
    "DELETE /buckets/a%2Fb/permits/h",
  ]);
});

it("abandonGrant has nothing to give back of a plain grant or a refusal", async () => {
  for (const answer of [{ tokens: 1 }, { reason: "cancelled", status: 499 }]) {
    expect(await sentFor({ cancelled: false }, answer)).toHaveLength(1);
  }
});
