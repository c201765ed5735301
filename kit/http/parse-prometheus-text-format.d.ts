/** Types for the part of the package that is used here; it has none of its own. */
declare module "parse-prometheus-text-format" {
  interface ParsedMetric {
    readonly labels?: Readonly<Record<string, string>>;
    /** A number as text. */
    readonly value?: string;
  }

  interface ParsedFamily {
    readonly name: string;
    readonly help: string;
    /** In upper case. */
    readonly type: string;
    readonly metrics: readonly ParsedMetric[];
  }

  /** Throws if a line can't be parsed. */
  export default function parse(text: string): readonly ParsedFamily[];
}
