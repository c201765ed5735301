/** A plain acquire that the object holds: its response is the answer. */
import type { AcquireAnswer } from "../answers/acquire-answer.ts";
import type { ConnectedRequest, EndingSpan } from "./connected-request.ts";
import type { Leave } from "./held-request.ts";

import { acquireResponse } from "../answers/acquire-response.ts";
import { clientClosedResponse } from "../protocol/client-closed.ts";

/** The response to one acquire. A promise is made only if the request has to wait. */
export class HeldResponse implements ConnectedRequest {
  #response: Response | Promise<Response> | undefined = undefined;
  /** Set once somebody waits for the response. */
  #resolve: ((response: Response) => void) | undefined = undefined;
  #leave: Leave | undefined = undefined;
  #span: EndingSpan | undefined = undefined;

  get response(): Response | Promise<Response> {
    return (this.#response ??= new Promise((resolve) => {
      this.#resolve = resolve;
    }));
  }

  waits(leave: Leave, span: EndingSpan): void {
    this.#leave = leave;
    this.#span = span;
  }

  answered(answer: AcquireAnswer): void {
    this.#respond(acquireResponse(answer));
    this.#span?.settled(answer);
  }

  disconnected(): void {
    this.#leave?.();
    this.#span?.cancelled();
    this.#respond(clientClosedResponse());
  }

  handleEvent(): void {
    this.disconnected();
  }

  #respond(response: Response): void {
    if (this.#resolve) this.#resolve(response);
    else this.#response = response;
  }
}
