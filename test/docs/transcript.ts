/**
 * What a page says that comes, held against what came. Members, statuses, reasons, counts and words have
 * to be the same; instants, durations and keys may differ. `…` stands for any text in a line, and as a
 * line of its own for any lines. Header fields that the page leaves out may come; those that it shows
 * have to.
 */
import { isDeepStrictEqual } from "node:util";

/** Members that say an instant or how long something took, not how long it is to take. */
const TIMES = /(AtMs|waitedMs|retryAfterMs|etaMs|untilMs|delayMs)$/;

/** Differences, a sentence each; none where what came is what is said. */
export function differences(expected: string, actual: string): string[] {
  const wanted = expected.replaceAll("\r", "").trim();
  const came = actual.replaceAll("\r", "").trim();
  const json = parsed(wanted);
  if (json !== undefined) return jsonDifferences(json, parsed(came) ?? lastJson(came), "");
  if (wanted.startsWith("HTTP/")) return responseDifferences(wanted, came);
  return lineDifferences(wanted.split("\n"), came.split("\n"));
}

/** Each response of several: a status line begins one. */
function responseDifferences(wanted: string, came: string): string[] {
  const parts = (text: string): string[] => text.split(/\n+(?=HTTP\/)/);
  const [wantedParts, cameParts] = [parts(wanted), parts(came)];
  if (wantedParts.length !== cameParts.length) {
    return [`${wantedParts.length} answers are shown, and ${cameParts.length} came`];
  }
  return wantedParts.flatMap((part, index) => {
    const [shownHead, shownBody] = headAndBody(part);
    const [head, body] = headAndBody(cameParts[index] ?? "");
    const found = shownHead[0] === head[0] ? [] : [`"${shownHead[0]}" is shown, "${head[0]}" came`];
    const fields = new Set(head.slice(1).map(fieldOf));
    for (const line of shownHead.slice(1)) {
      if (!fields.has(fieldOf(line))) {
        found.push(`the field "${line}" is shown, and did not come: ${head.join(" | ")}`);
      }
    }
    return found.concat(shownBody === "" ? [] : differences(shownBody, body));
  });
}

function headAndBody(response: string): [string[], string] {
  const [head = "", ...body] = response.split("\n\n");
  return [head.split("\n").map((line) => line.trim()), body.join("\n\n")];
}

/** A field's line, as it is compared. */
function fieldOf(line: string): string {
  const [, name = line, value = ""] = /^([^:]+): *(.*)$/.exec(line) ?? [];
  const field = name.toLowerCase();
  return field === "retry-after" || field === "date" ? field : `${field}: ${timeless(value)}`;
}

function lineDifferences(wanted: readonly string[], came: readonly string[]): string[] {
  let at = 0;
  let maySkip = false;
  for (const line of wanted) {
    if (line.trim() === "…") {
      maySkip = true;
      continue;
    }
    if (maySkip) {
      const found = came.findIndex((other, index) => index >= at && isSameLine(line, other));
      at = found === -1 ? came.length : found;
    }
    const next = came[at];
    if (next === undefined) return [`"${line}" is shown, and did not come: ${came.join(" | ")}`];
    if (!isSameLine(line, next)) return [`"${line}" is shown, "${next}" came`];
    at += 1;
    maySkip = false;
  }
  if (!maySkip && at < came.length) return [`"${came[at] ?? ""}" came, and is not shown`];
  return [];
}

function isSameLine(wanted: string, came: string): boolean {
  const [, prefix = "", text = ""] = /^([^{]*)(\{.*\})$/.exec(wanted) ?? [];
  const json = text && parsed(text);
  if (json !== undefined && json !== "" && came.startsWith(prefix)) {
    return jsonDifferences(json, parsed(came.slice(prefix.length)), "").length === 0;
  }
  return patternOf(wanted).test(timeless(came));
}

function patternOf(text: string): RegExp {
  const parts = timeless(text).trim().split("…");
  return new RegExp(`^\\s*${parts.map((part) => RegExp.escape(part)).join(".*")}\\s*$`);
}

/** Each member that is not as it is shown, by its path. */
function jsonDifferences(wanted: unknown, came: unknown, path: string): string[] {
  const at = path === "" ? "the answer" : path;
  const memberOf = (name: string): string => (path === "" ? name : `${path}.${name}`);
  if (Array.isArray(wanted) && Array.isArray(came)) {
    if (wanted.length !== came.length) {
      return [`${at} is shown with ${wanted.length} elements, ${came.length} came`];
    }
    return wanted.flatMap((item, index) => {
      return jsonDifferences(item, came[index], `${path}[${index}]`);
    });
  }
  if (isObject(wanted) && isObject(came)) {
    const missing = Object.keys(wanted).filter((name) => !Object.hasOwn(came, name));
    const more = Object.keys(came).filter((name) => !Object.hasOwn(wanted, name));
    return [
      ...missing.map((name) => `${memberOf(name)} is shown, and did not come`),
      ...more.map((name) => `${memberOf(name)} came, and is not shown`),
      ...Object.keys(wanted)
        .filter((name) => Object.hasOwn(came, name))
        .flatMap((name) => jsonDifferences(wanted[name], came[name], memberOf(name))),
    ];
  }
  const isTime = TIMES.test(path) && typeof wanted === "number" && typeof came === "number";
  if (isTime || isDeepStrictEqual(wanted, came)) return [];
  if (typeof wanted === "string" && typeof came === "string") {
    if (patternOf(wanted).test(timeless(came))) return [];
  }
  return [`${at} is shown as ${JSON.stringify(wanted)}, ${JSON.stringify(came)} came`];
}

/** With instants, durations and keys struck out, and what pads a duration. */
function timeless(text: string): string {
  return text
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "<instant>")
    .replaceAll(/[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}/g, "<key>")
    .replaceAll(/;t=\d+/g, ";t=<time>")
    .replaceAll(/[+-]?\d[\d,]*(\.\d+)?( ?)(ms|s|min|h)\b/g, "<time>")
    .replaceAll(/ +<time>/g, " <time>")
    .replaceAll(/\b\d{12,}\b/g, "<instant>");
}

function lastJson(text: string): unknown {
  return parsed(text.split("\n").findLast((line) => parsed(line) !== undefined) ?? "");
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
