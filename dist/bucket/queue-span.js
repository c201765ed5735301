/** One request in the queue, as a span. */
export class QueueSpan {
    /** Unset once the span has ended: a caller may leave after it has its answer. */
    #span;
    /**
     * @param position The request's place on arrival, from 1; 0 if it has none yet or returns to an old one.
     */
    constructor(tracer, call, position) {
        this.#span = attempt(() => {
            const span = tracer.startSpan?.("queued");
            if (!span?.isTraced)
                return undefined;
            span.setAttribute("sluice.bucket", call.bucket);
            span.setAttribute("sluice.policy", call.policy.name);
            span.setAttribute("sluice.tokens", call.tokens);
            if (position > 0)
                span.setAttribute("sluice.position", position);
            return span;
        });
    }
    /** The request got `answer`. */
    settled(answer) {
        this.#end(resultOf(answer));
    }
    /** Its caller has left. */
    cancelled() {
        this.#end("cancelled");
    }
    #end(result) {
        const span = this.#span;
        this.#span = undefined;
        if (!span)
            return;
        attempt(() => {
            span.setAttribute("sluice.result", result);
            span.end();
        });
    }
}
function resultOf(answer) {
    if (answer.kind !== "outcome")
        return answer.kind;
    return answer.outcome.ok ? "granted" : answer.outcome.reason;
}
function attempt(run) {
    try {
        return run();
    }
    catch (error) {
        console.error("Cannot trace a queued request", error);
        return undefined;
    }
}
