/** Which media types a request accepts, by its `Accept` (RFC 9110, 12.5.1). */
import { parseAccept } from "../hono.ts";

/** For answers of an address at which browsers get a page instead. */
export const VARY = { Vary: "Accept" };

/** The weight of `type`, from 0 to 1, given by the most specific range that covers it. */
export function qualityOf(accepted: string, type: string): number {
  const [main] = type.split("/");
  const ranges = parseAccept(accepted);
  for (const name of [type, `${main}/*`, "*/*"]) {
    const range = ranges.find((each) => each.type.toLowerCase() === name);
    if (range) return range.q;
  }
  return 0;
}

/** Whether `type` itself is listed and acceptable, rather than covered by a wildcard. */
export function isNamed(accepted: string, type: string): boolean {
  return parseAccept(accepted).some((range) => range.q > 0 && range.type.toLowerCase() === type);
}
