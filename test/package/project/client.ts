import { createClient, type AcquireOutcome, type Client, type RefusalReason } from "sluice/client";

/** Whatever the platform calls its own is taken as it is. */
export const clients: readonly Client[] = [
  createClient({ url: new URL("https://sluice.example.com") }),
  createClient({ url: "https://sluice.example.com", fetch, token: undefined, retryForMs: 0 }),
  createClient({ service: { fetch: (request: Request) => fetch(request) }, onUnavailable: "open" }),
];

/** A switch over what can come of an acquire needs no default. */
export function describeOutcome(outcome: AcquireOutcome): string {
  if (outcome.ok) return outcome.isUnmetered ? "unmetered" : `granted after ${outcome.waitedMs}`;
  const words: Record<RefusalReason, string> = {
    timeout: "too late",
    "queue-full": "too many",
    "holds-full": "too many holds",
    "exceeds-capacity": "too large",
    "bucket-reset": "reset",
    cancelled: "cancelled",
    unavailable: "nobody there",
  };
  return words[outcome.reason];
}

// @ts-expect-error Either a URL or a service.
export const neither: () => Client = () => createClient({});
