/** All scenarios, in the order they run in: `npm run chaos`, and the tables in docs/internals/guarantees.md. */
import type { Scenario } from "./scenario.ts";

import { crashes } from "./crashes.ts";
import { crashesOfHolders } from "./crashes-of-holders.ts";
import { crashesOfSeveral } from "./crashes-of-several.ts";
import { crowd } from "./crowd.ts";
import { flood } from "./flood.ts";
import { forgetting } from "./forgetting.ts";
import { fuzzScenario } from "./fuzz.ts";
import { gone } from "./gone.ts";
import { leaving } from "./leaving.ts";
import { resets } from "./resets.ts";
import { rows } from "./rows.ts";
import { schedules } from "./schedules.ts";
import { schedulesOfHolders } from "./schedules-of-holders.ts";
import { sessions } from "./sessions.ts";
import { schedulesOfSessions } from "./schedules-of-sessions.ts";

export const scenarios: readonly Scenario[] = [
  schedules,
  schedulesOfHolders,
  schedulesOfSessions,
  rows,
  crashes,
  crashesOfSeveral,
  crashesOfHolders,
  resets,
  sessions,
  forgetting,
  leaving,
  gone,
  crowd,
  flood,
  fuzzScenario,
];
