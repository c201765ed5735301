/**
 * Calls to a language model as they come in practice: what goes in is known, what comes out isn't, and what is
 * reserved for it is either the most it can be or what it usually is.
 */
import { Random } from "../../kit/random.ts";

/** One call; tokens are LLM tokens. */
export interface ModelCall {
  /** What it really uses: input and output. */
  readonly used: number;
  /** The input, and the most that it may answer. */
  readonly upper: number;
  /** The input, and what answers usually take. */
  readonly usual: number;
  readonly durationMs: number;
}

/** The most tokens of an answer: the `max_tokens` of the requests. */
const MAX_OUTPUT = 600;
/** What is reserved for an answer that is estimated by what answers usually take. */
const USUAL_OUTPUT = 250;

/** The same calls in the same order for each contender. */
export function* modelCalls(seed: number): IterableIterator<ModelCall> {
  const random = new Random(seed);
  for (;;) {
    const input = random.integer(100, 400);
    const output = random.integer(50, MAX_OUTPUT);
    yield {
      used: input + output,
      upper: input + MAX_OUTPUT,
      usual: input + USUAL_OUTPUT,
      durationMs: random.integer(50, 350),
    };
  }
}
