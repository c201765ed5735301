/** What a request would take for an answer, by its `Accept` (RFC 9110, 12.5.1). */
import { parseAccept } from "hono/utils/accept";

/** How welcome `type` is, from 0 to 1: what the most specific range that covers it says. */
export function qualityOf(accepted: string, type: string): number {
  const [main] = type.split("/");
  const ranges = parseAccept(accepted);
  for (const name of [type, `${main}/*`, "*/*"]) {
    const range = ranges.find((each) => each.type.toLowerCase() === name);
    if (range) return range.q;
  }
  return 0;
}

/** Whether `type` itself is named, and welcome: not just any. */
export function isNamed(accepted: string, type: string): boolean {
  return parseAccept(accepted).some((range) => range.q > 0 && range.type.toLowerCase() === type);
}
