import type { Outcome } from "sluice";

import { createTokenBucketFilter } from "sluice";

const filter = createTokenBucketFilter(1, { refillIntervalMs: 20 });
const outcomes: Outcome[] = await Promise.all([filter.getToken(), filter.getToken()]);
console.log(outcomes.map((outcome) => (outcome.ok ? "granted" : outcome.reason)).join(" "));
