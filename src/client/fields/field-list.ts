/**
 * Lists of structured fields (RFC 9651), as far as the `RateLimit` fields use them: items, each with
 * parameters, between commas. Lenient, because what is read here comes from servers of all kinds: what
 * is no legal item is an item with an odd name, and nothing throws.
 */

/** One item of a list, as in `"burst";r=5;t=10`. */
export interface FieldItem {
  /** Without its quotes, if it had any. */
  readonly name: string;
  /** By name; strings without their quotes. The last of a name wins. */
  readonly parameters: ReadonlyMap<string, string>;
}

/**
 * The items of a field; none where it is empty.
 *
 * @example
 * parseFieldList('"a";r=1, "b";r=2').map((item) => item.name); // ["a", "b"]
 */
export function parseFieldList(text: string): FieldItem[] {
  return splitOutsideQuotes(text, ",")
    .filter((item) => item !== "")
    .map(parseItem);
}

function parseItem(text: string): FieldItem {
  const [name = "", ...rest] = splitOutsideQuotes(text, ";");
  const parameters = new Map<string, string>();
  for (const parameter of rest) {
    const equals = parameter.indexOf("=");
    if (equals > 0) {
      parameters.set(
        parameter.slice(0, equals).trim().toLowerCase(),
        unquoted(parameter.slice(equals + 1).trim()),
      );
    }
  }
  return { name: unquoted(name), parameters };
}

/** The parts between separators that stand in no quotes, trimmed. */
function splitOutsideQuotes(text: string, separator: "," | ";"): string[] {
  const parts: string[] = [];
  let start = 0;
  let isQuoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (isQuoted && character === "\\") at += 1;
    else if (character === '"') isQuoted = !isQuoted;
    else if (character === separator && !isQuoted) {
      parts.push(text.slice(start, at).trim());
      start = at + 1;
    }
  }
  return [...parts, text.slice(start).trim()];
}

function unquoted(text: string): string {
  const isString = text.length >= 2 && text.startsWith('"') && text.endsWith('"');
  return isString ? text.slice(1, -1).replaceAll(/\\(.)/g, "$1") : text;
}
