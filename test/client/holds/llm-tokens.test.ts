import { describe, expect, it } from "vitest";

import { estimateLlmTokens, usedLlmTokens } from "../../../src/client/index.ts";

const english = "Why is the sky blue? ".repeat(40);
/** 840 characters, and the syntax of one message. */
const messages = [{ role: "user", content: english }];

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

  it("leaves files out", () => {
    const image = {
      type: "image_url",
      image_url: { url: `data:image/png;base64,${"iVBOR".repeat(9_999)}` },
    };
    const body = { messages: [{ role: "user", content: [image] }], max_tokens: 0 };
    expect(estimateLlmTokens(body)).toBeLessThan(40);
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
});
