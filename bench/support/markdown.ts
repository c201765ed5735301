/** Pieces of Markdown: tables, links to charts, and the marked sections of a page that hold them. */
import { posix } from "node:path";

import { shown } from "../../kit/statistics.ts";

/** Where results are, from the top of the repository. */
export const RESULTS = "bench/results";

/** What a measured value is held against; both limits belong to what is right. */
export type Target = { readonly atMost: number } | { readonly atLeast: number };

/** Text to stand in sections of a page, by the sections' names. */
export type Sections = Readonly<Record<string, string>>;

/**
 * One section of a page: everything between `<!-- bench:NAME -->` and `<!-- /bench:NAME -->`, where NAME may
 * have parts, as in `core:growth`.
 */
const SECTION = /(<!-- bench:(?<name>[\w:-]+) -->\n)[^]*?(<!-- \/bench:\k<name> -->)/g;
const MARK = /<!-- \/?bench:[\w:-]+ -->/g;

/** A table; its cells are Markdown. */
export function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const lineOf = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [lineOf(columns), `|${"---|".repeat(columns.length)}`, ...rows.map(lineOf)].join("\n");
}

/** An image of a chart of these results; `chart` is its file's name without `.svg`. */
export function chartImage(chart: string, alt: string): string {
  return `![${alt}](${RESULTS}/${chart}.svg)`;
}

/** Whether `value` is on the right side of `target`. */
export function isMet(value: number, target: Target): boolean {
  return "atMost" in target ? value <= target.atMost : value >= target.atLeast;
}

/** `met`, or by how much of the target it is missed. */
export function verdict(value: number, target: Target): string {
  if (isMet(value, target)) return "met";
  const limit = "atMost" in target ? target.atMost : target.atLeast;
  if (limit === 0) return `**missed by ${shown(Math.abs(value))}**`;
  const share = (Math.abs(value - limit) / limit) * 100;
  return `**missed by ${shown(Number(share.toPrecision(2)))} %**`;
}

/** As one reads it: three digits, and the unit that suits them. */
export function shownDuration(ns: number): string {
  const units = ["ns", "µs", "ms", "s"] as const;
  const thousands = ns < 1 ? 0 : Math.floor(Math.log10(Number(ns.toPrecision(3))) / 3);
  const step = Math.min(thousands, units.length - 1);
  return `${Number((ns / 1_000 ** step).toPrecision(3))} ${units[step]}`;
}

/** The names of the sections that `page` has. */
export function sectionNames(page: string): string[] {
  return [...page.matchAll(SECTION)].map(({ groups }) => groups?.["name"] ?? "");
}

/**
 * `page` with `sections` in place of what stood there; sections of others stay.
 *
 * @param path Where the page is, from the top of the repository: links to results are made from there.
 * @throws {RangeError} Where the page has a mark without its other half.
 */
export function withSections(page: string, path: string, sections: Sections): string {
  const marks = page.match(MARK)?.length ?? 0;
  if (marks !== 2 * sectionNames(page).length) {
    throw new RangeError(`${path} has a mark of a bench section without its other half`);
  }
  const results = posix.relative(posix.dirname(path), RESULTS);
  return page.replaceAll(SECTION, (all, start: string, name: string, end: string) => {
    const section = sections[name];
    if (section === undefined) return all;
    return `${start}${section.trim().replaceAll(`](${RESULTS}/`, `](${results}/`)}\n${end}`;
  });
}
