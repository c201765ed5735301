/** How many callers a dry run would refuse, by reason. */
export function refusedIn({ refused, omitted }) {
    const counts = {};
    for (const { reason } of refused)
        counts[reason] = (counts[reason] ?? 0) + 1;
    return omitted === undefined ? counts : { ...counts, others: omitted };
}
/** The sum and, if there is any, what it consists of: `3 refused (2 timeout, 1 queue-full)`. */
export function refusedText(counts, verb) {
    const sum = Object.values(counts).reduce((total, count) => total + count, 0);
    const reasons = Object.entries(counts).map(([reason, count]) => `${count} ${reason}`);
    return `${sum} ${verb}${reasons.length > 0 ? ` (${reasons.join(", ")})` : ""}`;
}
