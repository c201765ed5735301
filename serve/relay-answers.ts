/**
 * What the relay answers by itself, where the Worker cannot or is not to be asked: whole responses, each
 * the last of its connection. The launcher imports nothing of the Worker, so the fields and the body of
 * its problem documents are written out here; a test holds them to those of the Worker.
 */

/** When to come back to a server that has no room: a place comes free with each answer. */
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

/** `503`: nothing was taken, and it is worth while to ask again. */
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

/** `408`: the request has not come to its end in time. In plain text, as all that is no HTTP is told. */
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
