/** Options of `estimateLlmTokens`. */
export interface EstimateOptions {
    /** LLM tokens of an answer whose length the request doesn't limit. Default: 1,000. */
    readonly outputTokens?: number;
}
/**
 * Estimates the LLM tokens of a request, mostly from above:
 *
 *     ceil(ASCII characters of the input / 4) + other characters of the input
 *       + choices × most tokens of an answer
 *
 * The input is the JSON of `messages`, `input`, `prompt`, `system`, `instructions`, `tools`, `contents` and
 * `systemInstruction`, whose syntax makes up for what an API adds to each message. The answer is limited by
 * `max_completion_tokens`, `max_output_tokens`, `max_tokens` or Gemini's `maxOutputTokens`, and there are
 * `n` or `candidateCount` of them. Images and other files aren't counted: add what your model takes for them.
 *
 * @param body The request's body, parsed or as text. Text that isn't JSON counts as the input.
 * @returns At least 1.
 *
 * @example
 * estimateLlmTokens({ messages: [{ role: "user", content: "Why?" }], max_tokens: 500 }); // 509
 */
export declare function estimateLlmTokens(body: unknown, { outputTokens }?: EstimateOptions): number;
/**
 * The LLM tokens that a response says it used: `usage.total_tokens`, or the sum of its input and output
 * tokens. It takes the whole body or an event of a stream that has `usage`, parsed; `undefined` if that
 * says nothing.
 *
 * @example
 * usedLlmTokens({ usage: { prompt_tokens: 9, completion_tokens: 12, total_tokens: 21 } }); // 21
 */
export declare function usedLlmTokens(body: unknown): number | undefined;
