/**
 * Cross-origin requests (CORS): scripts may call Sluice and read its answers if the configuration lists their
 * origin, and never with the browser's own credentials.
 */
import type { CorsOrigins } from "../config/cors-origins.ts";

import { COMMON_FIELDS } from "../../answers/common-fields.ts";
import { EXPOSED_FIELDS } from "../../answers/common-fields.ts";
import { TICKET_FIELD } from "../../protocol/ticket-form.ts";
import { cors, Hono } from "../hono.ts";

/** The headers that a script may send. */
const REQUEST_FIELDS = ["Authorization", "Content-Type", "Idempotency-Key", TICKET_FIELD];
/** How long a browser may cache a preflight answer; a change of the origins may take this long to apply. */
const PREFLIGHT_SECONDS = 600;

/** Which methods scripts may call a path by. Paths have parameters as OpenAPI writes them. */
type ScriptedPath = readonly [path: string, methods: readonly string[]];

/** What answers requests under CORS. */
interface CorsApp {
  readonly fetch: (request: Request) => Response | Promise<Response>;
}

/**
 * Lets scripts from `origins` call `paths`, which `answer` answers. For any other caller OPTIONS is a method like any
 * other. Only here do requests go through an application and its promises.
 */
export function underCors(
  origins: CorsOrigins,
  paths: readonly ScriptedPath[],
  answer: (request: Request) => Response | Promise<Response>,
): CorsApp {
  const isAllowed = (origin: string): boolean => origins === "*" || origins.includes(origin);
  const app = new Hono();
  for (const [path, methods] of paths) {
    const allow = cors({
      origin: origins === "*" ? "*" : [...origins],
      // Scripts may send HEAD to any route they may send GET to, without asking.
      allowMethods: methods.filter((method) => method !== "HEAD"),
      allowHeaders: REQUEST_FIELDS,
      exposeHeaders: [EXPOSED_FIELDS],
      maxAge: PREFLIGHT_SECONDS,
    });
    app.use(path.replaceAll(/\{(\w+)\}/g, ":$1"), async (c, next) => {
      const origin = c.req.header("Origin");
      const isPreflight = c.req.method === "OPTIONS";
      if (isPreflight && (origin === undefined || !isAllowed(origin))) return next();
      const preflight = await allow(c, next);
      if (preflight) addCommonFields(preflight);
      return preflight;
    });
  }
  return app.all("*", (c) => answer(c.req.raw));
}

/** For an answer that Sluice has not made itself. */
function addCommonFields({ headers }: Response): void {
  for (const [name, value] of Object.entries(COMMON_FIELDS)) headers.set(name, value);
}
