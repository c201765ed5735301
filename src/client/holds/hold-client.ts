/** The part of a client that makes the calls for holds and permits, which are of buckets. */
import type { HoldCall } from "../../core/holds/hold-call.ts";
import type { HoldOutcome, PermitOutcome, SettleOutcome } from "../../core/holds/hold-outcome.ts";
import type { UsedTokens } from "../../holding/used-tokens.ts";
import type { Reason } from "../../protocol/reasons.ts";
import type { Answer } from "../transport/answer.ts";
import type { RetriedCalls } from "../transport/retried-calls.ts";
import type { HeldMessage, SessionPool } from "../session/session-pool.ts";
import type { HeldCallOptions, HoldVerbs } from "./hold-verbs.ts";

import { checkBucketInPath, checkCallOptions, checkHeldId, checkHoldChange } from "../arguments.ts";
import { BucketClient } from "../bucket-client.ts";
import { pathOf } from "../path.ts";
import { unexpectedAnswer } from "../transport/answer.ts";
import { holdOutcomeIn, permitOutcomeIn, settleOutcomeIn } from "./held-answers.ts";

/** Reasons that these calls resolve with. */
const expected: readonly Reason[] = ["unknown-hold", "hold-settled", "permit-lost"];
/** Status of a release. */
const NO_CONTENT = 204;

/** A call over HTTP. */
interface HeldCall {
  readonly method: string;
  readonly kind: "holds" | "permits";
  readonly id: string;
  readonly body?: HoldCall;
}

/** Makes the calls for holds and permits. */
export class HoldClient extends BucketClient implements HoldVerbs {
  readonly #calls: RetriedCalls;
  readonly #sessions: Pick<SessionPool, "call"> | undefined;

  constructor(calls: RetriedCalls, sessions?: Pick<SessionPool, "call">) {
    super(calls);
    this.#calls = calls;
    this.#sessions = sessions;
  }

  async settleHold(
    bucket: string,
    id: string,
    used: UsedTokens,
    options: HeldCallOptions = {},
  ): Promise<SettleOutcome> {
    const message = { op: "settle", hold: id, used } as const;
    return settleOutcomeIn(await this.#change(bucket, id, { used }, options, message));
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
    const call = { method: "DELETE", kind: "holds", id } as const;
    return settleOutcomeIn(await this.#send(bucket, call, options));
  }

  async extendPermit(
    bucket: string,
    id: string,
    options: HeldCallOptions = {},
  ): Promise<PermitOutcome> {
    const message = { op: "extend", permit: id } as const;
    const call = { method: "PUT", kind: "permits", id } as const;
    return permitOutcomeIn(await this.#send(bucket, call, options, message));
  }

  async releasePermit(bucket: string, id: string, options: HeldCallOptions = {}): Promise<void> {
    const message = { op: "release", permit: id } as const;
    const call = { method: "DELETE", kind: "permits", id } as const;
    const { status, body } = await this.#send(bucket, call, options, message);
    if (status !== NO_CONTENT) throw unexpectedAnswer(status, body);
  }

  #change(
    bucket: string,
    id: string,
    body: HoldCall,
    options: HeldCallOptions,
    message?: HeldMessage,
  ): Promise<Answer> {
    checkHoldChange(body);
    return this.#send(bucket, { method: "POST", kind: "holds", id, body }, options, message);
  }

  /** @param message The same call on a session, if it can be made there. */
  #send(
    bucket: string,
    { method, kind, id, body }: HeldCall,
    options: HeldCallOptions,
    message?: HeldMessage,
  ): Promise<Answer> {
    checkBucketInPath(bucket);
    checkHeldId(id);
    checkCallOptions(options);
    const path = `${pathOf(bucket)}/${kind}/${id}`;
    const call = { method, path, headers: {}, ...(body && { body }) };
    const sessions = message && this.#sessions;
    return this.#calls.send(call, {
      ...options,
      expected,
      ...(sessions && { onSession: (attempt) => sessions.call(bucket, message, attempt) }),
    });
  }
}
