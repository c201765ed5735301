/** The names of the limiters that paced.ts runs: those of their packages, and our own. */
export const pacedLimiterNames = [
  "sluice",
  "limiter",
  "bottleneck",
  "p-throttle",
  "rate-limiter-flexible",
] as const;
