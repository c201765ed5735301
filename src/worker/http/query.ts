/** The query of a request, decoded as the router decodes a path. */
import { getQueryParams } from "../hono.ts";

/** The values of each parameter, in order. */
export type Query = Readonly<Record<string, readonly string[]>>;

/** The query in a URL. */
export function queryOf(url: string): Query {
  const query = getQueryParams(url);
  // With a name as a second argument it would be something else.
  return query === undefined || Array.isArray(query) ? {} : query;
}

/** The number that decimal digits stand for, or the text itself if it is anything else. */
export function decimal(text: string): unknown {
  return /^\d{1,16}$/.test(text) ? Number(text) : text;
}
