/** The part of a client that makes the calls for holds and permits. */
import type { HoldCall } from "../../core/holds/hold-call.ts";
import type { HoldOutcome, PermitOutcome, SettleOutcome } from "../../core/holds/hold-outcome.ts";
import type { UsedTokens } from "../../holding/used-tokens.ts";
import type { Reason } from "../../protocol/reasons.ts";
import type { Answer } from "../transport/answer.ts";
import type { RetriedCalls } from "../transport/retried-calls.ts";
import type { HeldCallOptions, HoldVerbs } from "./hold-verbs.ts";

import { checkBucketInPath, checkCallOptions, checkHeldId, checkHoldChange } from "../arguments.ts";
import { pathOf } from "../path.ts";
import { unexpectedAnswer } from "../transport/answer.ts";
import { holdOutcomeIn, permitOutcomeIn, settleOutcomeIn } from "./held-answers.ts";

/** Reasons that these calls resolve with. */
const expected: readonly Reason[] = ["unknown-hold", "hold-settled", "permit-lost"];
/** Status of a release. */
const NO_CONTENT = 204;

/** Makes the calls for holds and permits. */
export class HoldClient implements HoldVerbs {
  readonly #calls: RetriedCalls;

  constructor(calls: RetriedCalls) {
    this.#calls = calls;
  }

  async settleHold(
    bucket: string,
    id: string,
    used: UsedTokens,
    options: HeldCallOptions = {},
  ): Promise<SettleOutcome> {
    return settleOutcomeIn(await this.#change(bucket, id, { used }, options));
  }

  async spendHold(
    bucket: string,
    id: string,
    atLeast: UsedTokens,
    options: HeldCallOptions = {},
  ): Promise<HoldOutcome> {
    return holdOutcomeIn(await this.#change(bucket, id, { atLeast }, options));
  }

  async extendHold(
    bucket: string,
    id: string,
    extendMs: number,
    options: HeldCallOptions = {},
  ): Promise<HoldOutcome> {
    return holdOutcomeIn(await this.#change(bucket, id, { extendMs }, options));
  }

  async dropHold(
    bucket: string,
    id: string,
    options: HeldCallOptions = {},
  ): Promise<SettleOutcome> {
    return settleOutcomeIn(await this.#send("DELETE", bucket, ["holds", id], options));
  }

  async extendPermit(
    bucket: string,
    id: string,
    options: HeldCallOptions = {},
  ): Promise<PermitOutcome> {
    return permitOutcomeIn(await this.#send("PUT", bucket, ["permits", id], options));
  }

  async releasePermit(bucket: string, id: string, options: HeldCallOptions = {}): Promise<void> {
    const { status, body } = await this.#send("DELETE", bucket, ["permits", id], options);
    if (status !== NO_CONTENT) throw unexpectedAnswer(status, body);
  }

  #change(bucket: string, id: string, call: HoldCall, options: HeldCallOptions): Promise<Answer> {
    checkHoldChange(call);
    return this.#send("POST", bucket, ["holds", id], options, call);
  }

  #send(
    method: string,
    bucket: string,
    [kind, id]: readonly [kind: "holds" | "permits", id: string],
    options: HeldCallOptions,
    body?: HoldCall,
  ): Promise<Answer> {
    checkBucketInPath(bucket);
    checkHeldId(id);
    checkCallOptions(options);
    const path = `${pathOf(bucket)}/${kind}/${id}`;
    const call = { method, path, headers: {}, ...(body && { body }) };
    return this.#calls.send(call, { ...options, expected });
  }
}
