/** A promise settled from outside: `Promise.withResolvers`, which Node 20 doesn't have. */
export class Deferred {
    promise;
    #resolve = undefined;
    #reject = undefined;
    constructor() {
        this.promise = new Promise((resolve, reject) => {
            this.#resolve = resolve;
            this.#reject = reject;
        });
    }
    resolve(value) {
        this.#resolve?.(value);
    }
    reject(error) {
        this.#reject?.(error);
    }
}
