/**
 * How open a deployment is: the one reading of it, for those who decide it and those who tell it. It
 * imports nothing of the Worker's, because the launcher of `npm run serve` knows the words, too.
 */

/** Who may acquire and read: holders of a token, everybody, or nobody but bound Workers. */
export type Openness = "token" | "everybody" | "nobody";

/** Who may acquire and read under these settings. An `API_TOKEN` goes before `PUBLIC`. */
export function opennessOf({
  apiTokens,
  isPublic,
}: {
  readonly apiTokens: object | undefined;
  readonly isPublic: boolean;
}): Openness {
  if (apiTokens) return "token";
  return isPublic ? "everybody" : "nobody";
}
