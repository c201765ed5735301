import type { Outcome } from "sluice";

import { createTokenBucketFilter, withHold, withPermit } from "sluice";

const filter = createTokenBucketFilter(1, { refillIntervalMs: 20 });
const outcomes: Outcome[] = await Promise.all([filter.getToken(), filter.getToken()]);
console.log(outcomes.map((outcome) => (outcome.ok ? "granted" : outcome.reason)).join(" "));

const open = createTokenBucketFilter({
  limit: "100/1m",
  burst: 50,
  hold: { max: "1m" },
  concurrency: { max: 1, ttl: "30s" },
});
const held = await withHold(open, { tokens: 20 }, ({ used }) => used(5));
const run = await withPermit(open, {}, ({ fence }) => fence > 0);
console.log(held.ok, run.ok && run.value, open.inspect().permits?.held);
