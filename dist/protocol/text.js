/**
 * A body as it is sent: JSON on one line, with a line break at the end, so that in a shell each answer and
 * the prompt after it start on a new line.
 */
export function jsonText(body) {
    return `${JSON.stringify(body)}\n`;
}
/** A text of JSON in ASCII alone: each character is a byte, and takes one. */
export function asciiJson(json) {
    return json.replaceAll(/[^ -~]/g, (character) => {
        return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
    });
}
/** `text`, printable ASCII, as a string of a structured field (RFC 9651): quoted, with `"` and `\` escaped. */
export function fieldString(text) {
    // Nearly all texts have neither, and replacing takes longer than to look.
    if (!text.includes('"') && !text.includes("\\"))
        return `"${text}"`;
    return `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
}
/** What is asked for, as in `1 token`, and `2 tokens, 1200 of tpm`. */
export function tokensText({ tokens, limits = {} }) {
    const named = Object.entries(limits).map(([name, count]) => `${count} of ${name}`);
    return [tokens === 1 ? "1 token" : `${tokens} tokens`, ...named].join(", ");
}
