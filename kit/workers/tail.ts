/**
 * A tail Worker that receives each step of another Worker and keeps its spans by name: `GET /spans?name=NAME`
 * returns what is known about those that have ended. Never deployed.
 */
import { BucketObject } from "../../src/index.ts";

/** For the binding of the configuration; never called here. */
export { BucketObject };

interface KeptSpan {
  readonly name: string;
  readonly openedAtMs: number;
  closedAtMs: number | undefined;
  readonly attributes: Record<string, unknown>;
}

const spans = new Map<string, KeptSpan>();

export default {
  fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/healthz") return new Response();
    const name = searchParams.get("name");
    const ended = [...spans.values()].filter((span) => {
      return span.name === name && span.closedAtMs !== undefined;
    });
    return Response.json(ended);
  },

  tailStream() {
    return ({ event, spanContext, timestamp }) => {
      const atMs = timestamp.getTime();
      const span = spans.get(spanContext.spanId ?? "");
      if (event.type === "spanOpen") {
        const { name, spanId } = event;
        spans.set(spanId, { name, openedAtMs: atMs, closedAtMs: undefined, attributes: {} });
      } else if (event.type === "attributes") {
        for (const { name, value } of event.info) if (span) span.attributes[name] = value;
      } else if (event.type === "spanClose" && span) {
        span.closedAtMs = atMs;
      }
    };
  },
} satisfies ExportedHandler<Env>;
