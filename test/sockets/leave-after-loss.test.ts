/**
 * Callers that hang up just after their object was lost: while the Worker pauses before it calls again, or while
 * the repeated call waits. The Worker doesn't ask whether the caller of a plain acquire is still there, since the
 * runtime ends what a request has started once its client has gone. This shows that it does.
 */
import { connect, createServer, type AddressInfo, type Server } from "node:net";
import { setTimeout } from "node:timers/promises";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import {
  acquire,
  admin,
  arrive,
  changePolicy,
  grantIn,
  snapshotOf,
  untilBucket,
} from "../../kit/http/callers.ts";
import { HttpConnection, send } from "../../kit/http/http-connection.ts";
import { waysOfLeaving, type Caller } from "../../kit/http/ways-of-leaving.ts";
import { MAIN_WORKER, startWorkerd, type WorkerdServer } from "../../kit/processes/server.ts";

const BOUND = "bound";
/** So seldom that no tick comes while a test runs. */
const NO_TICK_MS = 600_000;

const slow = { capacity: 20, refillTokens: 1, refillIntervalMs: NO_TICK_MS, maxWaitMs: 3_600_000 };
/** In which every caller that is still there has been requeued, and the new object has served the first. */
const REQUEUED_MS = 600;
/** Of those who leave; they pause for up to a tenth of a second, each for another time. */
const LEAVING = 5;

let server: WorkerdServer;
let front: Server;
let frontUrl: string;
beforeAll(async () => {
  server = await startWorkerd({
    main: "chaos/workers/abortable.ts",
    vars: admin.vars,
    policies: { "*": slow },
    others: {
      [BOUND]: {
        main: "kit/workers/bound-caller.ts",
        services: { SLUICE: { worker: MAIN_WORKER, entrypoint: "Sluice" } },
      },
    },
  });
  front = resettingRelay(server.port);
  await new Promise<void>((resolve) => front.listen(0, "127.0.0.1", resolve));
  frontUrl = `http://127.0.0.1:${(front.address() as AddressInfo).port}`;
});
afterAll(async () => {
  front?.close();
  await server?.stop();
});

/** Resets its connection to workerd when the client closes its side, which workerd would not notice. */
function resettingRelay(port: number): Server {
  return createServer({ allowHalfOpen: true }, (near) => {
    const far = connect(port, "127.0.0.1");
    near.on("data", (bytes) => far.write(bytes)).on("error", () => undefined);
    far.on("data", (bytes) => near.write(bytes)).on("error", () => undefined);
    near.on("end", () => far.resetAndDestroy()).on("close", () => far.resetAndDestroy());
    far.on("close", () => near.destroy());
  });
}

/** Lets callers wait, and one behind them; loses the object, and lets all but the last leave. */
async function expectGone(bucket: string, ask: () => Promise<Pick<Caller, "leave">>) {
  await acquire(server, bucket);
  const leaving = await Promise.all(Array.from({ length: LEAVING }, ask));
  await untilBucket(server, bucket, ({ waiters }) => waiters === LEAVING);
  const last = await arrive(server, bucket);
  expect((await send(server.url, `/abort?bucket=${bucket}`, { method: "POST" })).status).toBe(204);
  await Promise.all(leaving.map((caller) => caller.leave()));
  await setTimeout(REQUEUED_MS);
  expect(await snapshotOf(server, bucket)).toMatchObject({ waiters: 1, queuedTokens: 1 });
  await changePolicy(server, bucket, { refillIntervalMs: 20 });
  grantIn(await last.answer);
  // Had one of them been requeued too late to be seen above, it would take one of the tokens that come now.
  const { granted } = await untilBucket(server, bucket, ({ tokens }) => tokens > LEAVING);
  expect(granted).toBe(2);
}

describe.concurrent("a caller that hangs up after its object was lost takes nothing", () => {
  const quick = waysOfLeaving.filter(({ isQuick }) => isQuick);

  it.each(quick)("$name", async (way) => {
    const bucket = `direct:${quick.indexOf(way)}`;
    await expectGone(bucket, () => way.ask(frontUrl, bucket));
  });

  it.each(["wait", "fetch", "places"])("the client of a bound Worker (%s)", async (way) => {
    const bucket = `bound-${way}`;
    await expectGone(bucket, async () => {
      const connection = await HttpConnection.open(server.urlOf(BOUND));
      void connection.request(`/${way}/${bucket}`);
      return { leave: async () => connection.reset() };
    });
  });
});
