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
import { isRecord, membersOf } from "../../core/is-record.ts";
import { tokenBucketFields } from "../../core/limits/token-bucket-fields.ts";

/** Options of `estimateLlmTokens`. */
export interface EstimateOptions {
  /** LLM tokens of an answer whose length the request doesn't limit. Default: 1,000. */
  readonly outputTokens?: number;
}

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
/**
 * Unbroken text, such as base64, digits or genes, which takes up to a token a character: tokenizers work on bytes, so it
 * takes no more. English words and paths are shorter.
 */
const UNBROKEN = /[\w+/=-]{100,}/g;
/** Members with the media type of the member `data` beside them. */
const MEDIA_TYPES = ["media_type", "mimeType", "mime_type"];
/** A media type whose `data` is text, as in Anthropic's plain-text documents: the model reads all of it. */
const TEXT_TYPE = /^text\//i;
/** What `format` says beside the `data` of an audio file. */
const AUDIO_FORMAT = /^(?:wav|mp3|aac|aiff|flac|m4a|ogg|opus|pcm(?:16|24)?|webm)$/i;
/** Members that hold a file as a `data:` URL. */
const FILE_URLS = new Set(["url", "image_url", "file_data"]);

/**
 * Estimates the LLM tokens of a request, mostly from above:
 *
 *     ceil(ASCII characters of the input / 4) + other characters of the input
 *       + choices × most tokens of an answer
 *
 * where text without a break in 100 characters counts one for each.
 *
 * The input is the JSON of `messages`, `input`, `prompt`, `system`, `instructions`, `tools`, `contents` and
 * `systemInstruction`, whose syntax makes up for what an API adds to each message. The answer is limited by
 * `max_completion_tokens`, `max_output_tokens`, `max_tokens` or Gemini's `maxOutputTokens`, and there are
 * `n` or `candidateCount` of them. Files aren't counted: `data:` URLs of images and files, and `data` beside a media
 * type that isn't text, or an audio format. Add what your model takes for them. Lists of numbers and of short codes take up to four times as much.
 *
 * @param body The request's body, parsed or as text. Text that isn't JSON counts as the input.
 * @returns At least 1.
 *
 * @example
 * estimateLlmTokens({ messages: [{ role: "user", content: "Why?" }], max_tokens: 500 }); // 509
 */
export function estimateLlmTokens(
  body: unknown,
  { outputTokens = DEFAULT_OUTPUT_TOKENS }: EstimateOptions = {},
): number {
  const parsed = typeof body === "string" ? parsedOr(body) : body;
  const request = membersOf(parsed);
  const settings = membersOf(request["generationConfig"]);
  const input = isRecord(parsed)
    ? INPUTS.map((name) => textOf(request[name])).join("")
    : textOf(parsed);
  const perAnswer =
    countIn(request, "max_completion_tokens", "max_output_tokens", "max_tokens") ??
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
 * Anthropic's streams say the input in their first event and the output in the last: pass the first one, too. Input that
 * is written to a cache counts, input that is read from it doesn't, as in the limits of that API.
 *
 * @param first The first event of the stream, if it is one.
 *
 * @example
 * usedLlmTokens({ usage: { prompt_tokens: 9, completion_tokens: 12, total_tokens: 21 } }); // 21
 */
export function usedLlmTokens(body: unknown, first?: unknown): number | undefined {
  const { usage, usageMetadata, response, message } = membersOf(body);
  if (!isRecord(usage)) {
    const total = countIn(membersOf(usageMetadata), "totalTokenCount");
    if (total !== undefined) return total;
    // The last event of a streamed OpenAI response has the whole of it, the first of Anthropic's what is known by then.
    const whole = isRecord(response) ? response : message;
    return isRecord(whole) ? usedLlmTokens(whole) : undefined;
  }
  const total = countIn(usage, "total_tokens");
  if (total !== undefined) return total;
  const input =
    inputIn(usage) ?? inputIn(membersOf(membersOf(membersOf(first)["message"])["usage"]));
  const output = countIn(usage, "output_tokens", "completion_tokens");
  return input === undefined || output === undefined ? undefined : input + output;
}

function inputIn(usage: Readonly<Record<string, unknown>>): number | undefined {
  const input = countIn(usage, "input_tokens", "prompt_tokens");
  return input === undefined
    ? undefined
    : input + (countIn(usage, "cache_creation_input_tokens") ?? 0);
}

function parsedOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  return JSON.stringify(value, withoutFile) ?? "";
}

/** A replacer of `JSON.stringify`. Text that only looks like a file is read as text, so it counts. */
function withoutFile(this: unknown, name: string, member: unknown): unknown {
  if (typeof member !== "string") return member;
  const isFile =
    name === "data"
      ? isBesideKind(membersOf(this))
      : FILE_URLS.has(name) && member.startsWith("data:");
  return isFile ? "" : member;
}

/** Whether the member `data` of this object is a file that isn't text. */
function isBesideKind(members: Readonly<Record<string, unknown>>): boolean {
  const { format } = members;
  if (typeof format === "string" && AUDIO_FORMAT.test(format)) return true;
  return MEDIA_TYPES.some((name) => {
    const type = members[name];
    return typeof type === "string" && !TEXT_TYPE.test(type);
  });
}

function tokensOf(text: string): number {
  // eslint-disable-next-line no-control-regex -- all of ASCII.
  const others = text.replaceAll(/[\u0000-\u007F]+/g, "");
  const unbrokenLength = text.length - text.replaceAll(UNBROKEN, "").length;
  const asciiLength = text.length - others.length - unbrokenLength;
  return Math.ceil(asciiLength / ASCII_CHARACTERS_A_TOKEN) + others.length + unbrokenLength;
}

/** The first of these members that is a whole number, at least 0. */
function countIn(
  members: Readonly<Record<string, unknown>>,
  ...names: readonly string[]
): number | undefined {
  for (const name of names) {
    const count = members[name];
    if (typeof count === "number" && Number.isInteger(count) && count >= 0) return count;
  }
  return undefined;
}
