/**
 * Parses lists of structured fields (RFC 9651) as far as the `RateLimit` fields use them:
 * comma-separated items, each with parameters. Lenient, because the fields come from all kinds of
 * servers: an illegal item becomes an item with an odd name, and nothing throws.
 */
/**
 * Parses the items of a field; an empty field has none.
 *
 * @example
 * parseFieldList('"a";r=1, "b";r=2').map((item) => item.name); // ["a", "b"]
 */
export function parseFieldList(text) {
    return splitOutsideQuotes(text, ",")
        .filter((item) => item !== "")
        .map(parseItem);
}
function parseItem(text) {
    const [name = "", ...rest] = splitOutsideQuotes(text, ";");
    const parameters = new Map();
    for (const parameter of rest) {
        const equals = parameter.indexOf("=");
        if (equals > 0) {
            parameters.set(parameter.slice(0, equals).trim().toLowerCase(), unquoted(parameter.slice(equals + 1).trim()));
        }
    }
    return { name: unquoted(name), parameters };
}
/** Splits at separators outside quotes, and trims the parts. */
function splitOutsideQuotes(text, separator) {
    const parts = [];
    let start = 0;
    let isQuoted = false;
    for (let at = 0; at < text.length; at += 1) {
        const character = text[at];
        if (isQuoted && character === "\\")
            at += 1;
        else if (character === '"')
            isQuoted = !isQuoted;
        else if (character === separator && !isQuoted) {
            parts.push(text.slice(start, at).trim());
            start = at + 1;
        }
    }
    return [...parts, text.slice(start).trim()];
}
function unquoted(text) {
    const isString = text.length >= 2 && text.startsWith('"') && text.endsWith('"');
    return isString ? text.slice(1, -1).replaceAll(/\\(.)/g, "$1") : text;
}
