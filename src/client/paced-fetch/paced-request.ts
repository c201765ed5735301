/**
 * The request that a paced fetch is given, looked at before anything is paid for it: what `fetch` would throw
 * for is thrown here, and whether it can be sent a second time is known from the start.
 */
export type FetchInput = Parameters<typeof fetch>[0];
export type FetchInit = Parameters<typeof fetch>[1];

/** A `fetch` that is called with what a `fetch` is called with. */
export type Fetch = (input: FetchInput, init?: FetchInit) => Promise<Response>;

type GivenRequest = Extract<FetchInput, { clone(): unknown }>;

/** What is known of a request before it is sent. */
export interface PacedRequest {
  /** The request without its body. */
  readonly request: Request;
  readonly signal: AbortSignal | undefined;
  /** Whether its body is there for a second time without anything being done for it. */
  readonly hasLastingBody: boolean;
  /** A `Request` whose body can be read once, so that a copy has to be sent if it may be needed again. */
  readonly toCopy: GivenRequest | undefined;
}

/**
 * Looks at the arguments of a `fetch`.
 *
 * @throws {TypeError} Where they make no request, or one whose body was read already or can't be read.
 */
export function openRequest(input: FetchInput, init: FetchInit): PacedRequest {
  const given = isRequest(input) ? input : undefined;
  const method = init?.method ?? given?.method ?? "GET";
  const headers = init?.headers ?? given?.headers;
  const request = new Request(isRequest(input) ? input.url : input, {
    method,
    ...(headers && { headers }),
  });
  const signal = init?.signal === undefined ? given?.signal : init.signal;
  const ownBody = init?.body ?? undefined;
  // Where a runtime does not tell of bodies, there may be one.
  const toCopy = ownBody === undefined && given?.body !== null ? given : undefined;
  if (given?.bodyUsed && ownBody === undefined) throw usedUp(request);
  checkBody(request, toCopy ? toCopy.body : ownBody);
  const hasLastingBody = toCopy === undefined && !canBeReadOnce(ownBody);
  return { request, signal: signal ?? undefined, hasLastingBody, toCopy };
}

function checkBody(request: Request, body: unknown): void {
  if (body === undefined) return;
  const { method } = request;
  if (method === "GET" || method === "HEAD") {
    throw new TypeError(`A ${method} request cannot have a body`);
  }
  if (isStream(body) && body.locked) throw usedUp(request);
}

/** Without address and body: there may be secrets in both. */
function usedUp({ method }: Request): TypeError {
  return new TypeError(
    `The body of this ${method} request was read already, or is being read: send a clone()`,
  );
}

/** A `Request`, of this realm's making or not. */
function isRequest(input: FetchInput): input is GivenRequest {
  return typeof input === "object" && "clone" in input;
}

function isStream(body: unknown): body is ReadableStream {
  return body instanceof ReadableStream;
}

/** A stream; all else can be sent again as it is. */
function canBeReadOnce(body: unknown): boolean {
  if (typeof body !== "object" || body === null) return false;
  return isStream(body) || Symbol.asyncIterator in body;
}
