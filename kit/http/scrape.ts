/**
 * Metrics as a scraper reads them: parsed by an independent parser, and looked up by name and labels.
 *
 * That parser merges all histograms of a family into one, whatever their labels. So the text is parsed
 * twice: as it is, and without the `# TYPE … histogram` lines, which makes each part of a histogram a
 * family of its own.
 */
import parse, { type ParsedFamily, type ParsedMetric } from "parse-prometheus-text-format";

type Labels = Readonly<Record<string, string>>;

/** One scrape. */
export class Scrape {
  readonly families: ReadonlyMap<string, ParsedFamily>;
  readonly #samples = new Map<string, ParsedMetric[]>();

  /** @throws {Error} If the text can't be parsed, or has a family twice. */
  constructor(text: string) {
    const families = parse(text);
    this.families = new Map(families.map((family) => [family.name, family]));
    if (this.families.size !== families.length) throw new Error(`A family occurs twice: ${text}`);
    for (const { name, metrics } of parse(text.replaceAll(/^# TYPE \S+ histogram\n/gm, ""))) {
      this.#samples.set(name, [...(this.#samples.get(name) ?? []), ...metrics]);
    }
  }

  /** The sample of `name` with exactly these labels; `undefined` if there is none. Throws if there are more. */
  value(name: string, labels: Labels): number | undefined {
    const found = this.#metrics(name).filter((metric) => isSame(metric.labels ?? {}, labels));
    if (found.length > 1) throw new Error(`${name} occurs twice: ${JSON.stringify(found)}`);
    return found[0] && Number(found[0].value);
  }

  /** The buckets of a histogram that aren't empty, each as `[le, cumulative count]`. */
  steps(name: string, labels: Labels): [string, number][] {
    const steps: [string, number][] = [];
    let last = 0;
    for (const { labels: { le = "", ...others } = {}, value } of this.#metrics(`${name}_bucket`)) {
      if (!isSame(others, labels)) continue;
      const count = Number(value);
      if (count !== last) steps.push([le, count]);
      last = count;
    }
    return steps;
  }

  /** The values of `label` in the samples of `name`. */
  valuesOf(name: string, label: string): (string | undefined)[] {
    return this.#metrics(name).map(({ labels }) => labels?.[label]);
  }

  #metrics(name: string): readonly ParsedMetric[] {
    return this.#samples.get(name) ?? [];
  }
}

function isSame(one: Labels, other: Labels): boolean {
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...keys].every((key) => one[key] === other[key]);
}
