/**
 * What a benchmark leaves behind. A program measures once and makes one result, plain data that is kept
 * as `bench/results/NAME.json`. Everything else is worked out from it and from nothing more: the
 * Markdown that it prints and that stands in marked sections of pages, and the charts. So no figure is
 * written by hand, and `stale` can tell one that was.
 */
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import type { Machine } from "./machine.ts";
import type { Sections } from "./markdown.ts";

import { RESULTS, sectionNames, withSections } from "./markdown.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** What all results have; the rest is each program's own. JSON can hold all of it. */
export interface Result {
  readonly machine: Machine;
}

/** What is made of a result. */
export interface Rendered {
  /** Markdown, by section: `NAME` or `NAME:PART`. Each has its place in a page. */
  readonly sections: Sections;
  /** SVG text, by file name without `.svg`: `NAME` or `NAME-PART`. */
  readonly charts: Readonly<Record<string, string>>;
}

/** One program's kind of result. */
export interface Report<Measured extends Result = Result> {
  readonly name: string;
  /** Depends on nothing but `result`: no clock, no file. */
  render(result: Measured): Rendered;
}

/**
 * Prints what a run came to; with `isToWrite` puts it into files and pages, too.
 *
 * @throws {RangeError} Where a section has no place in any page.
 */
export function publish<Measured extends Result>(
  report: Report<Measured>,
  result: Measured,
  isToWrite: boolean,
): void {
  const { sections } = report.render(JSON.parse(JSON.stringify(result)));
  for (const section of Object.values(sections)) console.log(`${section.trim()}\n`);
  if (isToWrite) keep(report, result);
}

/**
 * Puts what a run came to into files and pages.
 *
 * @throws {RangeError} Where a section has no place in any page.
 */
export function keep<Measured extends Result>(report: Report<Measured>, result: Measured): void {
  // First what cannot be made again.
  mkdirSync(`${root}${RESULTS}`, { recursive: true });
  writeFileSync(`${root}${resultPath(report)}`, `${JSON.stringify(result, undefined, 2)}\n`);
  renew(report);
}

/** The result that was kept last, if there is one. */
export function keptResult<Measured extends Result>(
  report: Report<Measured>,
): Measured | undefined {
  const path = `${root}${resultPath(report)}`;
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : undefined;
}

/** What in the repository is not what the kept result of `report` makes: one line each. */
export function stale(report: Report): string[] {
  const path = resultPath(report);
  if (!existsSync(`${root}${path}`)) return [`${path} is missing`];
  const rendered = report.render(JSON.parse(readFileSync(`${root}${path}`, "utf8")));
  const files = Object.entries(filesOf(report, rendered));
  const charts = globSync(`${RESULTS}/${report.name}{,-*}.svg`, { cwd: root });
  return [
    ...files.filter(([file, text]) => readOr(file, "") !== text).map(([file]) => file),
    ...charts.filter((file) => !files.some(([known]) => known === file)),
  ].map((file) => `${file} is not what ${path} makes: run "npm run bench:figures"`);
}

/** Makes charts and pages anew from the kept result. */
export function renew(report: Report): void {
  const rendered = report.render(JSON.parse(readFileSync(`${root}${resultPath(report)}`, "utf8")));
  for (const [path, content] of Object.entries(filesOf(report, rendered))) {
    if (existsSync(`${root}${path}`) && readFileSync(`${root}${path}`, "utf8") === content)
      continue;
    writeFileSync(`${root}${path}`, content);
    console.error(`${path} is written`);
  }
}

/** What the charts and the pages have to be. */
function filesOf(report: Report<never>, { sections, charts }: Rendered): Record<string, string> {
  const own = (name: string) => name === report.name || name.startsWith(`${report.name}:`);
  const files: Record<string, string> = {};
  for (const [name, svg] of Object.entries(charts)) files[`${RESULTS}/${name}.svg`] = svg;
  const placed = new Set<string>();
  for (const path of ["README.md", ...globSync("docs/**/*.md", { cwd: root })]) {
    const page = readOr(path, "");
    const names = sectionNames(page).filter(own);
    for (const name of names) {
      if (sections[name] === undefined) throw new RangeError(`${path}: nothing makes ${name}`);
      placed.add(name);
    }
    if (names.length > 0) files[path] = withSections(page, path, sections);
  }
  const homeless = Object.keys(sections).filter((name) => !placed.has(name));
  if (homeless.length > 0) {
    throw new RangeError(`No page has a place for the section ${homeless.join(", ")}`);
  }
  return files;
}

function resultPath({ name }: Report<never>): string {
  return `${RESULTS}/${name}.json`;
}

function readOr(path: string, otherwise: string): string {
  return existsSync(`${root}${path}`) ? readFileSync(`${root}${path}`, "utf8") : otherwise;
}
