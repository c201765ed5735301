/**
 * The permit of a request, which comes with its grant if the bucket has `concurrency`: kept until the
 * response is done, so that it counts for as long as the request takes, and no longer.
 */
import type { GrantedPermit } from "../../core/outcome.ts";
import type { Granted } from "../acquire-outcome.ts";
import type { Client } from "../client.ts";
import type { Report } from "../fault-report.ts";

import { followedResponse } from "../../holding/followed-response.ts";
import { holderClockOf } from "../../holding/holder-clock.ts";
import { KeptPermit, type PermitVerbs } from "../../holding/kept-permit.ts";

/** What keeping a permit takes. */
interface Keeper {
  readonly client: Pick<Client, "extendPermit" | "releasePermit">;
  /** When the grant was asked for, as `performance.now()`. */
  readonly askedAtMs: number;
  /** Called if the permit is lost or can't be given back. */
  readonly report: Report;
}

/** A permit until it is released. */
export class RequestPermit {
  readonly #permit: KeptPermit;
  readonly #report: Report;
  /** Resolves when it has been given back, or that has failed. */
  readonly #released: Promise<void>;
  #resolveReleased: () => void = () => undefined;

  private constructor(permit: GrantedPermit, granted: Granted, keeper: Keeper) {
    const { client, askedAtMs, report } = keeper;
    const { bucket } = granted;
    const verbs: PermitVerbs = {
      extendPermit: (id, signal) => client.extendPermit(bucket, id, { signal }),
      releasePermit: (id) => client.releasePermit(bucket, id),
    };
    // The request goes on if it is lost: what answers it knows nothing of permits.
    const clock = holderClockOf(client);
    const askedByClockMs = clock.now() - (performance.now() - askedAtMs);
    this.#permit = new KeptPermit({ ...granted, permit }, verbs, askedByClockMs, report, clock);
    this.#report = report;
    this.#released = new Promise((resolve) => {
      this.#resolveReleased = resolve;
    });
  }

  /** The permit of a grant; `undefined` if it has none. */
  static of(granted: Granted, keeper: Keeper): RequestPermit | undefined {
    const { permit } = granted;
    return permit && new RequestPermit(permit, granted, keeper);
  }

  /** Gives it back. Resolves when that is done or has failed, which is reported; never rejects. */
  async release(): Promise<void> {
    try {
      await this.#permit.release();
    } catch (error) {
      this.#report(error);
    }
    this.#resolveReleased();
  }

  /**
   * Returns `response` in a form that gives the permit back when its body has ended, in whatever way.
   *
   * @param waitUntil Keeps the runtime going until then.
   */
  releaseAfter(response: Response, waitUntil: (released: Promise<void>) => void): Response {
    const followed = followedResponse(response, undefined, () => void this.release());
    if (!followed) void this.release();
    waitUntil(this.#released);
    return followed ?? response;
  }
}

/** The response of `answer`, under a permit if there is one. */
export async function answerUnder(
  permit: RequestPermit | undefined,
  waitUntil: (released: Promise<void>) => void,
  answer: () => Response | Promise<Response>,
): Promise<Response> {
  if (!permit) return answer();
  try {
    return permit.releaseAfter(await answer(), waitUntil);
  } catch (error) {
    waitUntil(permit.release());
    throw error;
  }
}
