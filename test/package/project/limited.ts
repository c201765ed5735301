import { Hono } from "hono";
import {
  createPacedFetch,
  refusalResponse,
  SluiceRefusedError,
  withRateLimit,
  type Client,
} from "sluice/client";
import { rateLimit, type RateLimitVariables } from "sluice/hono";

declare const client: Client;

interface Bindings {
  readonly LIMIT: string;
}

/** The context is the app's own, and what is known of it is up to the app. */
export const app = new Hono<{ Bindings: Bindings; Variables: RateLimitVariables }>();
app.use(
  rateLimit({
    client,
    bucket: (c) => c.env.LIMIT,
    tokens: async (c) => (await c.req.text()).length,
    skip: (c) => c.req.path === "/",
    onRefused: (c, { reason, retryAfterMs = 0 }) => c.json({ reason, retryAfterMs }, 429),
  }),
);
app.get("/", (c) => c.json(c.var.rateLimit?.rateLimit?.remaining ?? null));

// @ts-expect-error No such binding.
app.use("/typed", rateLimit<{ Bindings: Bindings }>({ client, bucket: (c) => c.env.OTHER }));

/** The environment of a handler is known. */
export const handler = withRateLimit(
  (request: Request, env: Bindings) => new Response(request.url + env.LIMIT),
  {
    client,
    bucket: ({ env }) => env.LIMIT,
    onRefused: (_, refusal) => refusalResponse(refusal),
  },
);

// @ts-expect-error No such option.
export const wrong = rateLimit({ client, bucket: "b", wait: 5 });

/** What takes a fetch takes a paced one, and a paced one takes what the platform calls its own. */
export const paced: (input: string | URL | Request, init?: RequestInit) => Promise<Response> =
  createPacedFetch({ client, bucket: "b", fetch });

export async function statusOf(url: string): Promise<number | undefined> {
  try {
    return (await paced(url)).status;
  } catch (error) {
    if (error instanceof SluiceRefusedError) return error.response?.status;
    throw error;
  }
}
