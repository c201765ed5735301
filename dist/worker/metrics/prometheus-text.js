/**
 * The text format of Prometheus (version 0.0.4), as far as it is needed to write numbers that already exist.
 * Libraries for it keep counters in the process, and read the process's memory and event loop, which Workers
 * don't have.
 */
/** Media type of the text. */
export const PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8";
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
export function prometheusText(metrics) {
    const lines = [];
    for (const { name, type, help, samples } of metrics) {
        if (samples.length === 0)
            continue;
        lines.push(`# HELP ${name} ${escapeHelp(help)}`, `# TYPE ${name} ${type}`);
        for (const { part = "", labels, value } of samples) {
            lines.push(`${name}${part}${labelText(labels)} ${numberText(value)}`);
        }
    }
    return lines.map((line) => `${line}\n`).join("");
}
/**
 * The samples of one histogram.
 *
 * @param bounds Upper bound of each class but the last, ascending.
 * @param counts Number of values in each class: one more than there are bounds.
 * @param sum Sum of all values.
 */
export function histogramSamples(labels, bounds, counts, sum) {
    let count = 0;
    const classes = counts.map((inClass, index) => {
        count += inClass;
        const le = numberText(bounds[index] ?? Infinity);
        return { part: "_bucket", labels: { ...labels, le }, value: count };
    });
    return [
        ...classes,
        { part: "_sum", labels, value: sum },
        { part: "_count", labels, value: count },
    ];
}
function labelText(labels) {
    const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
    return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}
function numberText(value) {
    if (value === Infinity)
        return "+Inf";
    return value === -Infinity ? "-Inf" : String(value);
}
function escapeLabel(text) {
    return escapeHelp(text).replaceAll('"', '\\"');
}
function escapeHelp(text) {
    return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}
