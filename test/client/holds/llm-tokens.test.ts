import { describe, expect, it } from "vitest";

import { estimateLlmTokens, usedLlmTokens } from "../../../src/client/index.ts";

const english = "Why is the sky blue? ".repeat(40);
/** 840 characters, and the syntax of one message. */
const messages = [{ role: "user", content: english }];

const file = "iVBORw0KGgo".repeat(9_999);

describe("estimateLlmTokens", () => {
  it.each<readonly [string, unknown, number]>([
    ["a chat completion", { messages, max_tokens: 500 }, 218 + 500],
    ["a chat completion, as text", JSON.stringify({ messages, max_tokens: 500 }), 218 + 500],
    ["several choices", { messages, max_completion_tokens: 500, n: 3 }, 218 + 1_500],
    ["the newer limit first", { messages, max_completion_tokens: 7, max_tokens: 9 }, 218 + 7],
    ["a response", { input: english, instructions: "Brief", max_output_tokens: 10 }, 212 + 10],
    ["Anthropic's", { system: "Be brief.", messages, max_tokens: 1 }, 220 + 1],
    [
      "Gemini's",
      {
        contents: [{ role: "user", parts: [{ text: english }] }],
        generationConfig: { maxOutputTokens: 50, candidateCount: 2 },
      },
      220 + 100,
    ],
    ["no limit", { messages }, 218 + 1_000],
    ["no input", {}, 1_000],
    ["an illegal limit", { messages, max_tokens: -1, n: "3" }, 218 + 1_000],
    ["text", "Why is the sky blue?", 5 + 1_000],
    ["another script, at a token a character", { prompt: "なぜ空は青いの?", max_tokens: 0 }, 8],
    ["nothing", undefined, 1_000],
    ["more than any bucket holds", { max_tokens: 1e12 }, 1_000_000_000],
  ])("counts %s", (_, body, tokens) => {
    expect(estimateLlmTokens(body)).toBe(tokens);
  });

  it("counts as its example says", () => {
    const body = { messages: [{ role: "user", content: "Why?" }], max_tokens: 500 };
    expect(estimateLlmTokens(body)).toBe(509);
  });

  it.each<readonly [string, object]>([
    ["an image", { type: "image_url", image_url: { url: `data:image/png;base64,${file}` } }],
    ["a response's image", { type: "input_image", image_url: `data:image/png;base64,${file}` }],
    ["a response's file", { type: "input_file", file_data: `data:text/csv;base64,${file}` }],
    ["audio", { type: "input_audio", input_audio: { data: file, format: "wav" } }],
    [
      "Anthropic's image",
      { type: "image", source: { type: "base64", media_type: "image/png", data: file } },
    ],
    ["Gemini's image", { inlineData: { mimeType: "image/png", data: file } }],
  ])("leaves out %s", (_, part) => {
    const body = { messages: [{ role: "user", content: [part] }], max_tokens: 0 };
    expect(estimateLlmTokens(body)).toBeLessThan(40);
  });

  it.each<readonly [string, object]>([
    [
      "Anthropic's plain-text document",
      { type: "document", source: { type: "text", media_type: "text/plain", data: english } },
    ],
    [
      "a tool's input with data and a format",
      { type: "tool_use", id: "1", name: "save", input: { data: english, format: "markdown" } },
    ],
  ])("counts %s", (_, part) => {
    const body = { messages: [{ role: "user", content: [part] }], max_tokens: 0 };
    expect(estimateLlmTokens(body)).toBeGreaterThan(210);
  });

  // In brackets: what OpenAI's tokenizer o200k_base makes of them, measured with gpt-tokenizer 4.0.0.
  it.each<readonly [string, string, number]>([
    ["base64 (1,273)", file.slice(0, 2_000), 2_000],
    ["genes (1,000)", "ACGT".repeat(500), 2_000],
    ["hex digits (625)", "0123456789abcdef".repeat(125), 2_000],
    ["one letter (125)", "x".repeat(1_000), 1_000],
    ["a file as text", `data:image/png;base64,${file}`, file.length],
  ])("counts unbroken text by its length: %s", (_, text, atLeast) => {
    for (const content of [text, [{ type: "text", text }], [{ type: "text", text, data: text }]]) {
      const tokens = estimateLlmTokens({ messages: [{ role: "user", content }], max_tokens: 0 });
      expect(tokens).toBeGreaterThanOrEqual(atLeast);
    }
    expect(estimateLlmTokens({ messages: text, max_tokens: 0 })).toBeLessThan(atLeast + 20);
  });

  it("takes the length of an answer that the request doesn't limit, and is at least 1", () => {
    expect(estimateLlmTokens({ input: "sky" }, { outputTokens: 0 })).toBe(1);
    expect(estimateLlmTokens({}, { outputTokens: 0 })).toBe(1);
    expect(estimateLlmTokens({ max_tokens: 5 }, { outputTokens: 70 })).toBe(5);
  });
});

describe("usedLlmTokens", () => {
  it.each<readonly [unknown, number | undefined]>([
    [{ usage: { prompt_tokens: 9, completion_tokens: 12, total_tokens: 21 } }, 21],
    [{ usage: { prompt_tokens: 9, completion_tokens: 12 } }, 21],
    [{ usage: { input_tokens: 9, output_tokens: 12 } }, 21],
    [{ usageMetadata: { totalTokenCount: 21 } }, 21],
    [{ type: "response.completed", response: { usage: { total_tokens: 21 } } }, 21],
    [{ usage: { output_tokens: 12 } }, undefined],
    [{ usage: null }, undefined],
    [{}, undefined],
    ["busy", undefined],
    [undefined, undefined],
  ])("reads %j as %s", (body, tokens) => {
    expect(usedLlmTokens(body)).toBe(tokens);
  });

  // The shape of a recorded stream of Anthropic's Messages API: each delta has the output so far.
  const start = {
    type: "message_start",
    message: {
      type: "message",
      usage: {
        input_tokens: 472,
        cache_creation_input_tokens: 100,
        cache_read_input_tokens: 5_000,
        output_tokens: 2,
      },
    },
  };
  it.each<readonly [unknown, number | undefined]>([
    [start, 574],
    [
      { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Hi" } },
      undefined,
    ],
    [{ type: "message_delta", delta: {}, usage: { output_tokens: 89 } }, 661],
    [{ type: "message_delta", delta: {}, usage: { input_tokens: 900, output_tokens: 89 } }, 989],
    [{ type: "message_stop" }, undefined],
  ])("reads %j, after the first event of its stream, as %s", (event, tokens) => {
    expect(usedLlmTokens(event, start)).toBe(tokens);
  });

  it("takes any first event", () => {
    for (const first of [undefined, null, "x", {}, { message: null }]) {
      expect(usedLlmTokens({ usage: { output_tokens: 12 } }, first)).toBe(undefined);
      expect(usedLlmTokens({ usage: { input_tokens: 3, output_tokens: 12 } }, first)).toBe(15);
    }
  });
});
