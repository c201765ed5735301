/** Bearer tokens, compared so that the time taken tells nothing of the expected one. */

const BEARER = /^Bearer +([^\s]+) *$/i;

/** Whether the request carries `expected` as its bearer token. */
export async function carriesToken(request: Request, expected: string): Promise<boolean> {
  const presented = BEARER.exec(request.headers.get("Authorization") ?? "")?.[1];
  if (presented === undefined) return false;
  // Digests have one length whatever was presented, so comparing them takes one time.
  const [a, b] = await Promise.all([digest(presented), digest(expected)]);
  return crypto.subtle.timingSafeEqual(a, b);
}

function digest(token: string): Promise<ArrayBuffer> {
  return crypto.subtle.digest("SHA-256", new TextEncoder().encode(token));
}
