/** Watches a bucket while two callers acquire, and prints the events. Runs on any runtime. */
import { watchBucket } from "../../src/client/watch/watch.ts";

const [url = "", token = "", bucket = ""] = process.argv.slice(2);
const headers = { Authorization: `Bearer ${token}` };

async function acquire(): Promise<void> {
  await (await fetch(`${url}/acquire?bucket=${bucket}`, { headers })).text();
}

const events = [];
let acquired: Promise<unknown> = Promise.resolve();
for await (const message of watchBucket({ url, token }, bucket)) {
  if (message.isFirst) acquired = Promise.all([acquire(), acquire()]);
  events.push(...message.events);
  if (message.snapshot.granted === 2) break;
}
await acquired;
console.log(JSON.stringify(events));
