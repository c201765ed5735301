/**
 * The text format of Prometheus (version 0.0.4), as far as it is needed to write numbers that already exist.
 * Libraries for it keep counters in the process, and read the process's memory and event loop, which Workers
 * don't have.
 */
/** Media type of the text. */
export declare const PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8";
/** Labels by name. A name is a word of `a-z`, `0-9` and `_`; a value may be any text. */
export type Labels = Readonly<Record<string, string>>;
/** One line. */
export interface Sample {
    /** The suffix after the metric's name, if any: `_bucket`, `_sum` or `_count`. */
    readonly part?: string;
    readonly labels: Labels;
    readonly value: number;
}
/** A metric, with the samples of every bucket that has it. */
export interface Metric {
    /** Includes the unit, and ends in `_total` for a counter. */
    readonly name: string;
    readonly type: "gauge" | "counter" | "histogram";
    /** One sentence. */
    readonly help: string;
    readonly samples: readonly Sample[];
}
/**
 * The metrics as text, in order; metrics without samples are left out.
 *
 * @example
 * const samples = [{ labels: { bucket: "x" }, value: 3 }];
 * prometheusText([{ name: "sluice_waiters", type: "gauge", help: "Waiting callers.", samples }]);
 * // # HELP sluice_waiters Waiting callers.
 * // # TYPE sluice_waiters gauge
 * // sluice_waiters{bucket="x"} 3
 */
export declare function prometheusText(metrics: readonly Metric[]): string;
/**
 * The samples of one histogram.
 *
 * @param bounds Upper bound of each class but the last, ascending.
 * @param counts Number of values in each class: one more than there are bounds.
 * @param sum Sum of all values.
 */
export declare function histogramSamples(labels: Labels, bounds: readonly number[], counts: readonly number[], sum: number): Sample[];
