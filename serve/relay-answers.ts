/**
 * The relay's own responses, for requests that can't or must not reach the Worker. Each is a complete
 * response and the last of its connection. The launcher imports nothing of the Worker, so the headers and
 * the body of a problem document are spelled out here; a test compares them with the Worker's.
 */

/** When to retry on a server at its limit. It can be this soon, since every answer makes room. */
const RETRY_AFTER_MS = 1_000;

const COMMON_FIELDS = [
  "Cache-Control: no-store",
  "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'",
  "Cross-Origin-Resource-Policy: same-origin",
  "Referrer-Policy: no-referrer",
  "Strict-Transport-Security: max-age=31536000",
  "X-Content-Type-Options: nosniff",
  "X-Frame-Options: DENY",
  "Connection: close",
];

/** `503`: nothing was taken, and the request may be retried. */
export function unavailableAnswer(detail: string): Buffer {
  const body = JSON.stringify({
    type: "about:blank",
    title: "Bucket is unavailable",
    status: 503,
    detail,
    reason: "unavailable",
    retryAfterMs: RETRY_AFTER_MS,
  });
  const retryAfter = `Retry-After: ${RETRY_AFTER_MS / 1_000}`;
  return answer("503 Service Unavailable", "application/problem+json", [retryAfter], `${body}\n`);
}

/** `408`: the request wasn't complete in time. In plain text, like every answer to malformed HTTP. */
export function lateRequestAnswer(detail: string): Buffer {
  return answer("408 Request Timeout", "text/plain;charset=UTF-8", [], `${detail}\n`);
}

function answer(
  status: string,
  contentType: string,
  fields: readonly string[],
  body: string,
): Buffer {
  const length = Buffer.byteLength(body);
  const head = [
    `HTTP/1.1 ${status}`,
    `Content-Type: ${contentType}`,
    `Content-Length: ${length}`,
    ...fields,
    ...COMMON_FIELDS,
  ];
  return Buffer.from(`${head.join("\r\n")}\r\n\r\n${body}`);
}
