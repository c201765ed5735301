/**
 * How the Worker hands an acquire to the object: in one header of a request that it builds from
 * nothing. Nothing that the caller sent is copied into that request, so nothing that the object is
 * told can be forged. All text in it is ASCII (see bucket-name.ts), so JSON fits a header as it is.
 */
import type { AcquireCall } from "../protocol.ts";

const CALL_HEADER = "sluice-call";

/** Where the object is addressed; the host of a Durable Object's URL means nothing. */
const OBJECT_URL = "https://bucket/acquire";

/** The request that carries `call`. It ends early when `signal` does: the object sees that. */
export function encodeAcquireCall(call: AcquireCall, signal: AbortSignal): Request {
  return new Request(OBJECT_URL, { headers: { [CALL_HEADER]: JSON.stringify(call) }, signal });
}

/**
 * The call in the header.
 *
 * @throws {TypeError} Where there is none: the request was not built by `encodeAcquireCall`.
 */
export function decodeAcquireCall(headers: Headers): AcquireCall {
  const text = headers.get(CALL_HEADER);
  if (text === null) throw new TypeError(`Cannot acquire: the ${CALL_HEADER} header is missing`);
  const call: AcquireCall = JSON.parse(text);
  return call;
}
