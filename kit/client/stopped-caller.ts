/**
 * A process that waits for a token, prints "queued" once it is queued, then keeps its event loop
 * busy for BUSY_MS, and finally prints how many attempts it made. Arguments: SLUICE_URL BUCKET
 * BUSY_MS.
 */
import { stat } from "node:fs";

import { createClient } from "../../src/client/client.ts";

const [url = "", bucket = "", busyMs = "0"] = process.argv.slice(2);

let attempts = 0;
let places = 0;
const client = createClient({
  url,
  fetch: (address, init) => {
    attempts += 1;
    return fetch(address, init);
  },
});
const { ok } = await client.acquire(bucket, {
  onQueued: () => {
    places += 1;
    if (places > 1) return;
    console.log("queued");
    // Called in the phase that reads files and sockets: timers run next, and sockets after them.
    if (Number(busyMs) > 0) stat(".", beBusy);
  },
});
console.log(JSON.stringify({ ok, attempts }));

function beBusy(): void {
  const untilMs = performance.now() + Number(busyMs);
  while (performance.now() < untilMs);
}
