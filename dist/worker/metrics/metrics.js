import { FIRST_LIMIT } from "../../core/limits/limit-name.js";
import { limiterReasons } from "../../core/outcome.js";
import { WAIT_BOUNDS_MS } from "../../core/stats.js";
import { histogramSamples } from "./prometheus-text.js";
/**
 * Buckets that one scrape may ask for by name. Each is a call to an object, and if Sluice is public anyone
 * can cause it. To watch more buckets, use several scrapes.
 */
export const MAX_ASKED_FOR = 32;
/**
 * Why a bucket refuses. `bucket-reset` is not listed: the count is forgotten together with the bucket, so it
 * would always be 0.
 */
const REASONS = limiterReasons.filter((reason) => reason !== "bucket-reset");
const WAIT_BOUNDS_S = WAIT_BOUNDS_MS.map((boundMs) => boundMs / 1_000);
/** All metrics of all buckets, as of `nowMs`, epoch milliseconds. */
export function metricsOf(buckets, nowMs) {
    const samplers = samplersOf(buckets);
    return [
        {
            name: "sluice_up",
            type: "gauge",
            help: "Whether the bucket answered this scrape.",
            samples: buckets.map(({ name, stats }) => ({
                labels: { bucket: name },
                value: stats ? 1 : 0,
            })),
        },
        ...stateMetrics(samplers),
        ...queueMetrics(samplers, nowMs),
        ...permitMetrics(samplers, nowMs),
        ...countMetrics(samplers),
        ...limitMetrics(samplers),
    ];
}
function samplersOf(buckets) {
    const each = (samplesOf) => {
        return buckets.flatMap(({ name, stats }) => (stats ? samplesOf(stats, { bucket: name }) : []));
    };
    const value = (valueOf) => {
        return each((stats, labels) => {
            const number = valueOf(stats);
            return number === undefined ? [] : [{ labels, value: number }];
        });
    };
    return { each, value };
}
/** What a bucket is at the moment. */
function stateMetrics({ each, value }) {
    return [
        {
            name: "sluice_policy_info",
            type: "gauge",
            help: "The bucket's policy: always 1, labelled with the pattern that it is configured under.",
            samples: each(({ snapshot }, labels) => {
                return [{ labels: { ...labels, policy: snapshot.policy.name }, value: 1 }];
            }),
        },
        {
            name: "sluice_tokens",
            type: "gauge",
            help: "Tokens of the bucket's first limit.",
            samples: value(({ snapshot }) => snapshot.tokens),
        },
        {
            name: "sluice_capacity_tokens",
            type: "gauge",
            help: "Maximum number of tokens of the first limit.",
            samples: value(({ snapshot }) => snapshot.policy.capacity),
        },
        {
            name: "sluice_leased_tokens",
            type: "gauge",
            help: "Tokens leased to isolates of the Worker; absent if the policy has no lease.",
            samples: value(({ snapshot }) => snapshot.leasedTokens),
        },
        {
            name: "sluice_paused",
            type: "gauge",
            help: "Whether the first limit is paused.",
            samples: value(({ snapshot }) => (snapshot.pausedUntilMs === undefined ? 0 : 1)),
        },
    ];
}
/** Who is there: callers that wait, and sessions. */
function queueMetrics({ value }, nowMs) {
    return [
        {
            name: "sluice_waiters",
            type: "gauge",
            help: "Waiting callers.",
            samples: value(({ snapshot }) => snapshot.waiters),
        },
        {
            name: "sluice_queued_tokens",
            type: "gauge",
            help: "Tokens of the first limit requested by waiting callers.",
            samples: value(({ snapshot }) => snapshot.queuedTokens),
        },
        {
            name: "sluice_oldest_wait_seconds",
            type: "gauge",
            help: "How long the caller at the head of the queue has waited; 0 if nobody waits.",
            samples: value(({ snapshot, headQueuedAtMs }) => {
                if (snapshot.waiters === 0)
                    return 0;
                return headQueuedAtMs && Math.max(0, nowMs - headQueuedAtMs) / 1_000;
            }),
        },
        {
            name: "sluice_max_wait_seconds",
            type: "gauge",
            help: "The longest wait that the policy allows.",
            samples: value(({ snapshot }) => snapshot.policy.maxWaitMs / 1_000),
        },
        {
            name: "sluice_sessions",
            type: "gauge",
            help: "Open sessions, on which acquires are sent.",
            samples: value(({ snapshot }) => snapshot.sessions ?? 0),
        },
    ];
}
/** How many grants run at a time, in buckets that limit it. */
function permitMetrics({ value }, nowMs) {
    return [
        {
            name: "sluice_permits",
            type: "gauge",
            help: "Maximum number of permits held at once; absent if the policy has no concurrency.",
            samples: value(({ snapshot }) => snapshot.permits?.max),
        },
        {
            name: "sluice_permits_held",
            type: "gauge",
            help: "Permits held.",
            samples: value(({ snapshot }) => snapshot.permits?.held),
        },
        {
            name: "sluice_oldest_permit_seconds",
            type: "gauge",
            help: "Time since the oldest of the held permits was granted; 0 if none is held.",
            samples: value(({ snapshot: { permits } }) => {
                return permits && Math.max(0, nowMs - (permits.oldestAtMs ?? nowMs)) / 1_000;
            }),
        },
    ];
}
/** What a bucket has done since it started. */
function countMetrics({ each, value }) {
    return [
        {
            name: "sluice_granted_requests_total",
            type: "counter",
            help: "Requests granted.",
            samples: value(({ snapshot }) => snapshot.granted),
        },
        {
            name: "sluice_granted_tokens_total",
            type: "counter",
            help: "Tokens of the first limit granted.",
            samples: value(({ tally }) => tally.grantedTokens),
        },
        {
            name: "sluice_refused_requests_total",
            type: "counter",
            help: "Requests that the bucket refused, by reason.",
            samples: each(({ tally }, labels) => {
                return REASONS.map((reason) => {
                    return { labels: { ...labels, reason }, value: tally.refused[reason] ?? 0 };
                });
            }),
        },
        {
            name: "sluice_cancelled_requests_total",
            type: "counter",
            help: "Requests whose caller left while waiting, or was removed by an admin.",
            samples: value(({ snapshot }) => snapshot.cancelled),
        },
        {
            name: "sluice_wait_seconds",
            type: "histogram",
            help: "How long the granted requests waited.",
            samples: each(({ tally }, labels) => {
                return histogramSamples(labels, WAIT_BOUNDS_S, tally.waits, tally.waitedMs / 1_000);
            }),
        },
    ];
}
/** What each limit of a bucket is and has done. */
function limitMetrics({ each }) {
    const samplesOf = (valueOf) => {
        return each((stats, labels) => {
            return limitsOf(stats).flatMap((limit) => {
                const value = valueOf(limit);
                return value === undefined ? [] : [{ labels: { ...labels, limit: limit.limit }, value }];
            });
        });
    };
    return [
        {
            name: "sluice_limit_tokens",
            type: "gauge",
            help: "Tokens of the limit.",
            samples: samplesOf(({ tokens }) => tokens),
        },
        {
            name: "sluice_limit_capacity_tokens",
            type: "gauge",
            help: "Maximum number of tokens of the limit.",
            samples: samplesOf(({ capacity }) => capacity),
        },
        {
            name: "sluice_limit_paused",
            type: "gauge",
            help: "Whether the limit is paused.",
            samples: samplesOf(({ isPaused }) => (isPaused ? 1 : 0)),
        },
        {
            name: "sluice_limit_blocking",
            type: "gauge",
            help: "Whether the head of the queue waits for this limit.",
            samples: samplesOf(({ isBlocking }) => (isBlocking ? 1 : 0)),
        },
        {
            name: "sluice_limit_granted_tokens_total",
            type: "counter",
            help: "Tokens of the limit granted.",
            samples: samplesOf(({ grantedTokens }) => grantedTokens),
        },
        {
            name: "sluice_limit_held_tokens",
            type: "gauge",
            help: "Tokens of the limit that holds have reserved and that aren't spent; absent if there are no holds.",
            samples: samplesOf(({ heldTokens }) => heldTokens),
        },
        {
            name: "sluice_limit_owed_tokens",
            type: "gauge",
            help: "Tokens of the limit used beyond what was reserved and not made good yet; absent if there are no holds.",
            samples: samplesOf(({ owedTokens }) => owedTokens),
        },
    ];
}
function limitsOf({ snapshot, tally }) {
    const { policy, waiters, headLimit = waiters > 0 ? FIRST_LIMIT : undefined } = snapshot;
    const first = { ...snapshot, capacity: policy.capacity };
    const granted = {
        [FIRST_LIMIT]: tally.grantedTokens,
        ...tally.furtherTokens,
    };
    return Object.entries({ [FIRST_LIMIT]: first, ...snapshot.limits }).map(([limit, state]) => {
        return {
            limit,
            tokens: state.tokens,
            capacity: state.capacity,
            isPaused: state.pausedUntilMs !== undefined,
            isBlocking: headLimit === limit,
            grantedTokens: tokensOf(granted, limit) ?? 0,
            heldTokens: tokensOf(snapshot.heldTokens, limit),
            owedTokens: tokensOf(snapshot.owedTokens, limit),
        };
    });
}
/** Of a limit that callers may have named as they like. */
function tokensOf(tokens, limit) {
    return tokens && Object.hasOwn(tokens, limit) ? tokens[limit] : undefined;
}
