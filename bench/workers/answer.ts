/**
 * What the bare Workers of `npm run bench` answer: the very bytes that Sluice answers, which the
 * benchmark asks it for beforehand and hands to them. It is made anew for each request, as Sluice has to,
 * but of text that is ready.
 */

/** The variables of a bare Worker. */
export interface BareEnv extends Env {
  readonly ANSWER: {
    readonly fields: Record<string, string>;
    readonly body: string;
  };
}

/** The answer to a request that is granted. */
export function granted({ ANSWER: { fields, body } }: BareEnv): Response {
  return new Response(body, { headers: fields });
}

/** What readiness is asked for by. */
export function isHealthCheck({ url }: Request): boolean {
  return url.endsWith("/healthz");
}
