/**
 * Examines the arguments of a `fetch`.
 *
 * @throws {TypeError} If they don't form a request, or its body has already been read or can't be
 * read.
 */
export function openRequest(input, init) {
    const given = isRequest(input) ? input : undefined;
    const method = init?.method ?? given?.method ?? "GET";
    const headers = init?.headers ?? given?.headers;
    const request = new Request(isRequest(input) ? input.url : input, {
        method,
        ...(headers && { headers }),
    });
    const signal = init?.signal === undefined ? given?.signal : init.signal;
    const ownBody = init?.body ?? undefined;
    // If a runtime doesn't expose `body`, assume that there may be one.
    const toCopy = ownBody === undefined && given?.body !== null ? given : undefined;
    if (given?.bodyUsed && ownBody === undefined)
        throw usedUp(request);
    checkBody(request, toCopy ? toCopy.body : ownBody);
    const hasLastingBody = toCopy === undefined && !canBeReadOnce(ownBody);
    return { request, signal: signal ?? undefined, hasLastingBody, toCopy };
}
function checkBody(request, body) {
    if (body === undefined)
        return;
    const { method } = request;
    if (method === "GET" || method === "HEAD") {
        throw new TypeError(`A ${method} request cannot have a body`);
    }
    if (isStream(body) && body.locked)
        throw usedUp(request);
}
/** The message shows neither URL nor body: both may contain secrets. */
function usedUp({ method }) {
    return new TypeError(`The body of this ${method} request has been read or is being read: pass a clone()`);
}
/** A `Request`, from this realm or another. */
function isRequest(input) {
    return typeof input === "object" && "clone" in input;
}
function isStream(body) {
    return body instanceof ReadableStream;
}
/** True for streams and async iterables; every other body can be sent again as it is. */
function canBeReadOnce(body) {
    if (typeof body !== "object" || body === null)
        return false;
    return isStream(body) || Symbol.asyncIterator in body;
}
