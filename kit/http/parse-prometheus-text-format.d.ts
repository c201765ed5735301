/** As much of it as is used; the package has no types. */
declare module "parse-prometheus-text-format" {
  interface ParsedMetric {
    readonly labels?: Readonly<Record<string, string>>;
    /** A number as text. */
    readonly value?: string;
  }

  interface ParsedFamily {
    readonly name: string;
    readonly help: string;
    /** In capitals. */
    readonly type: string;
    readonly metrics: readonly ParsedMetric[];
  }

  /** Throws where a line cannot be read. */
  export default function parse(text: string): readonly ParsedFamily[];
}
