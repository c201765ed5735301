/**
 * Reads the `RateLimit` and `RateLimit-Policy` fields of Sluice's answers, so that a client knows what the
 * service says about a bucket.
 */
import type { RateLimitState } from "../../protocol/rate-limit-fields.ts";
/** Reads the fields of an answer; `undefined` if they are missing or incomplete. */
export declare function readRateLimitState(fields: Pick<Headers, "get">): RateLimitState | undefined;
