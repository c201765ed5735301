import { acquireResponse } from "../answers/acquire-response.js";
import { clientClosedResponse } from "../protocol/client-closed.js";
/** The response to one acquire. A promise is made only if the request has to wait. */
export class HeldResponse {
    #response = undefined;
    /** Set once somebody waits for the response. */
    #resolve = undefined;
    #leave = undefined;
    #span = undefined;
    get response() {
        return (this.#response ??= new Promise((resolve) => {
            this.#resolve = resolve;
        }));
    }
    waits(leave, span) {
        this.#leave = leave;
        this.#span = span;
    }
    answered(answer) {
        this.#respond(acquireResponse(answer));
        this.#span?.settled(answer);
    }
    disconnected() {
        this.#leave?.();
        this.#span?.cancelled();
        this.#respond(clientClosedResponse());
    }
    handleEvent() {
        this.disconnected();
    }
    #respond(response) {
        if (this.#resolve)
            this.#resolve(response);
        else
            this.#response = response;
    }
}
