/** What buckets cost that are asked once and never again: kept, or forgotten after a while (`forgetAfterMs`). */
import type { Usage } from "./meter.ts";

import { shown } from "../../kit/statistics.ts";
import { prices } from "./prices.ts";

/** What a bucket with one limit leaves: two pages of SQLite. `npm run chaos -- --only forgetting` counts them. */
const STORED_BYTES = 8_192;
const GB = 1_000_000_000;
const WEEKS_A_MONTH = 30 / 7;

/** @param dollarsOf What the object is charged with for a usage. */
export function abandonedText(
  designs: readonly { readonly name: string; readonly usage: Usage }[],
  dollarsOf: (usage: Usage) => number,
): string {
  const [kept, forgotten] = designs.map(({ usage }) => usage);
  if (!kept || !forgotten) throw new RangeError("Cannot compare: two designs are needed");
  const buckets = kept.grants;
  const storedGb = (buckets * STORED_BYTES) / GB;
  const monthly = storedGb * prices.storedGbMonth;
  const most = dollarsOf(forgotten) - dollarsOf(kept);
  const inMemory = dollarsOf({ ...NOTHING, memoryS: forgotten.memoryS - kept.memoryS });
  const once = most - inMemory;
  return [
    `${shown(buckets)} buckets that were asked once take ${shown(storedGb)} GB, two pages of 4 KiB each.`,
    `Keeping them costs $${monthly.toFixed(2)} a month.`,
    `Forgetting them costs $${once.toFixed(2)} once: each sets an alarm, which fires, and deletes a row.`,
    `It pays from ${shown(Math.ceil((once / monthly) * WEEKS_A_MONTH))} weeks on.`,
    `If the ten seconds were charged until an idle object leaves the memory, which they are not by Cloudflare's pages, it would be $${inMemory.toFixed(2)} more.`,
  ].join(" ");
}

const NOTHING: Usage = {
  requests: 0,
  calls: 0,
  alarms: 0,
  rowsWritten: 0,
  memoryS: 0,
  grants: 0,
};
