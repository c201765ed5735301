/**
 * A process that waits for a token, prints "queued" when it does, is then busy for as long as its arguments say, and
 * prints how often it had to ask. Its arguments: SLUICE_URL BUCKET BUSY_MS.
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
    // From where files and sockets are read: the timers come next, and the sockets after them.
    if (Number(busyMs) > 0) stat(".", beBusy);
  },
});
console.log(JSON.stringify({ ok, attempts }));

function beBusy(): void {
  const untilMs = performance.now() + Number(busyMs);
  while (performance.now() < untilMs);
}
