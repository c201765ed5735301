import {
  createClient,
  estimateLlmTokens,
  usedLlmTokens,
  withHold,
  withPermit,
  type AcquireOutcome,
  type Client,
  type RefusalReason,
} from "sluice/client";

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
    "cancelled-by-admin": "removed",
    unavailable: "nobody there",
  };
  return words[outcome.reason];
}

// @ts-expect-error Either a URL or a service.
export const neither: () => Client = () => createClient({});

/** The result of work keeps its type: a response, an iterable, or nothing. */
export async function work(client: Client, body: object): Promise<Response | undefined> {
  const asked = { limits: { tpm: estimateLlmTokens(body) } };
  const held = await withHold(client, "x", asked, async (hold) => {
    const response = await fetch("https://api.example.com/", { signal: hold.signal });
    hold.used({ tpm: usedLlmTokens(await response.clone().json()) ?? asked.limits.tpm });
    return response;
  });
  if (!held.ok) return undefined;
  const permitted = await withPermit(client, "x", { timeoutMs: 0 }, async function* ({ fence }) {
    yield fence;
  });
  if (!permitted.ok) return undefined;
  for await (const fence of permitted.value) console.log(fence.toFixed());
  // @ts-expect-error Tokens are a number, or numbers by limit.
  await withHold(client, "x", {}, ({ used }) => used("all"));
  return held.value;
}
