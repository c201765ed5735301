/**
 * LLM tokens of a call to a language model: an estimate before it, to hold, and the figure after it, to
 * settle. Of the request and response bodies that most chat APIs share: OpenAI's (chat completions and
 * responses) and those compatible with it, Anthropic's, Gemini's.
 *
 * Sources: a token is about four characters of English text
 * (https://help.openai.com/en/articles/4936856-what-are-tokens-and-how-to-count-them); a request counts
 * with its prompt and `n` times its `max_tokens`
 * (https://github.com/openai/openai-cookbook/blob/main/examples/api_request_parallel_processor.py).
 */
import { isRecord, membersOf } from "../../core/is-record.js";
import { tokenBucketFields } from "../../core/limits/token-bucket-fields.js";
/** Members with what the model reads. */
const INPUTS = [
    "messages",
    "input",
    "prompt",
    "system",
    "instructions",
    "tools",
    "contents",
    "systemInstruction",
];
const ASCII_CHARACTERS_A_TOKEN = 4;
const DEFAULT_OUTPUT_TOKENS = 1_000;
/** Characters from which on a word is a file in base64: no text has such words. */
const MAX_WORD_LENGTH = 1_000;
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
export function estimateLlmTokens(body, { outputTokens = DEFAULT_OUTPUT_TOKENS } = {}) {
    const parsed = typeof body === "string" ? parsedOr(body) : body;
    const request = membersOf(parsed);
    const settings = membersOf(request["generationConfig"]);
    const input = isRecord(parsed)
        ? INPUTS.map((name) => textOf(request[name])).join("")
        : textOf(parsed);
    const perAnswer = countIn(request, "max_completion_tokens", "max_output_tokens", "max_tokens") ??
        countIn(settings, "maxOutputTokens") ??
        outputTokens;
    const answers = countIn(request, "n") ?? countIn(settings, "candidateCount") ?? 1;
    const tokens = tokensOf(input) + answers * perAnswer;
    return Math.min(Math.max(1, Math.ceil(tokens)), tokenBucketFields.capacity.max);
}
/**
 * The LLM tokens that a response says it used: `usage.total_tokens`, or the sum of its input and output
 * tokens. It takes the whole body or an event of a stream that has `usage`, parsed; `undefined` if that
 * says nothing.
 *
 * @example
 * usedLlmTokens({ usage: { prompt_tokens: 9, completion_tokens: 12, total_tokens: 21 } }); // 21
 */
export function usedLlmTokens(body) {
    const { usage, usageMetadata, response } = membersOf(body);
    if (!isRecord(usage)) {
        const total = countIn(membersOf(usageMetadata), "totalTokenCount");
        // The last event of a streamed OpenAI response has the whole of it.
        return total ?? (isRecord(response) ? usedLlmTokens(response) : undefined);
    }
    const total = countIn(usage, "total_tokens");
    if (total !== undefined)
        return total;
    const input = countIn(usage, "input_tokens", "prompt_tokens");
    const output = countIn(usage, "output_tokens", "completion_tokens");
    return input === undefined || output === undefined ? undefined : input + output;
}
function parsedOr(text) {
    try {
        return JSON.parse(text);
    }
    catch {
        return text;
    }
}
function textOf(value) {
    if (typeof value === "string")
        return withoutFiles(value);
    const text = JSON.stringify(value, (_, member) => {
        return typeof member === "string" ? withoutFiles(member) : member;
    });
    return text ?? "";
}
function withoutFiles(text) {
    if (text.length < MAX_WORD_LENGTH)
        return text;
    return text.replaceAll(/[\w+/=-]{1000,}/g, "");
}
function tokensOf(text) {
    // eslint-disable-next-line no-control-regex -- all of ASCII.
    const others = text.replaceAll(/[\u0000-\u007F]+/g, "");
    const asciiLength = text.length - others.length;
    return Math.ceil(asciiLength / ASCII_CHARACTERS_A_TOKEN) + others.length;
}
/** The first of these members that is a whole number, at least 0. */
function countIn(members, ...names) {
    for (const name of names) {
        const count = members[name];
        if (typeof count === "number" && Number.isInteger(count) && count >= 0)
            return count;
    }
    return undefined;
}
