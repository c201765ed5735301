/** The reports of all benchmarks and of chaos, one line each: what `bench/figures.ts` looks after. */
import type { Report } from "./support/report.ts";

import { chaosReport } from "../chaos/report.ts";
import { coreReport } from "./core/report.ts";
import { costReport } from "./cost/report.ts";
import { holdsReport } from "./holds/report.ts";
import { sessionsReport } from "./service/pipelined/report.ts";
import { serviceReport } from "./service/report.ts";
import { severalLimitsReport } from "./several-limits/report.ts";
import { simulateReport } from "./simulate/report.ts";

/** By the names of their results. */
export const reports: readonly Report[] = [
  chaosReport,
  coreReport,
  costReport,
  holdsReport,
  serviceReport,
  sessionsReport,
  severalLimitsReport,
  simulateReport,
];
