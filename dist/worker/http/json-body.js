/** Reads a small JSON object from a request. Things that `JSON.parse` accepts silently are errors here. */
import { isRecord } from "../../core/is-record.js";
/** A policy is eight numbers; this leaves room for a hundred times as much. */
const MAX_BODY_BYTES = 16 * 1024;
/** What is wrong with a body, in one sentence. */
export class JsonBodyError extends Error {
    name = "JsonBodyError";
}
/** The body is larger than allowed. */
export class BodyTooLargeError extends Error {
    name = "BodyTooLargeError";
    constructor(maxBytes) {
        super(`The body is larger than ${maxBytes} bytes`);
    }
}
/**
 * The JSON object in the body of `request`; an empty body is an empty object. Reads no further than the first
 * byte over `maxBytes`.
 *
 * @throws {BodyTooLargeError} (as a rejection) If the body is larger, announced or not.
 * @throws {JsonBodyError} (as a rejection) If the body ends early, is not a JSON object, or has a member
 * twice.
 */
export async function readJsonObject(request, maxBytes = MAX_BODY_BYTES) {
    return parseJsonObject(await readText(request, maxBytes));
}
async function readText({ headers, body }, maxBytes) {
    if (Number(headers.get("Content-Length")) > maxBytes)
        throw new BodyTooLargeError(maxBytes);
    const decoder = new TextDecoder();
    let text = "";
    let bytes = 0;
    try {
        for await (const chunk of body ?? []) {
            bytes += chunk.byteLength;
            if (bytes > maxBytes)
                break;
            text += decoder.decode(chunk, { stream: true });
        }
    }
    catch {
        // Fewer bytes than announced, or an invalid chunk.
        throw new JsonBodyError("the body ended early");
    }
    if (bytes > maxBytes)
        throw new BodyTooLargeError(maxBytes);
    return text + decoder.decode();
}
function parseJsonObject(text) {
    if (text.trim() === "")
        return {};
    let value;
    try {
        value = JSON.parse(text);
    }
    catch {
        throw new JsonBodyError("the body is not JSON");
    }
    if (!isRecord(value))
        throw new JsonBodyError("the body must be a JSON object");
    if (countKeys(text) !== countMembers(value)) {
        throw new JsonBodyError("the body has the same member twice");
    }
    return value;
}
/** The members of `value`, and of everything in it. No recursion: a body may be thousands of levels deep. */
function countMembers(value) {
    let count = 0;
    const found = [value];
    for (const each of found) {
        if (typeof each !== "object" || each === null)
            continue;
        const members = Object.values(each);
        if (!Array.isArray(each))
            count += members.length;
        found.push(...members);
    }
    return count;
}
/** Counts the strings of a JSON text that are followed by a colon. */
function countKeys(text) {
    const strings = [...text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?/gs)];
    return strings.filter(([, colon]) => colon !== undefined).length;
}
