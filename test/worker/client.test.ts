/** The client, over a service binding to the Worker, as a surface of the shared list of behaviours. */
import { exports } from "cloudflare:workers";

import type { AcquireOptions } from "../../src/client/client.ts";
import type { PolicyFields } from "../../src/core/policy.ts";
import type { OpenedBucket } from "../../kit/model/behaviours.ts";

import { createClient } from "../../src/client/client.ts";
import { describeBehaviours } from "../../kit/model/behaviours.ts";
import { hold, opened } from "../../kit/edge/surfaces.ts";
import { uniqueName, useVirtualTimeThroughout } from "../../kit/edge/virtual-time.ts";

useVirtualTimeThroughout();

const service = exports.default;

/** @param more Options of every acquire. */
async function openClient(fields: PolicyFields, more: AcquireOptions = {}): Promise<OpenedBucket> {
  const name = uniqueName("client");
  const admin = createClient({ service, token: "test-admin" });
  await admin.setPolicy(name, fields);
  const client = createClient({ service });
  const acquire: OpenedBucket["acquire"] = (ask = {}) => {
    return hold(name, async (signal) => {
      return Response.json(await client.acquire(name, { ...more, ...ask, signal }));
    });
  };
  return opened(name, acquire, (pause) => admin.pause(name, pause));
}

describeBehaviours("Client", openClient);
describeBehaviours("Client that is told its place", (fields) => {
  return openClient(fields, { onQueued: () => undefined });
});
