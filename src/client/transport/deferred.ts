/** A promise settled from outside: `Promise.withResolvers`, which Node 20 doesn't have. */
export class Deferred<Value> {
  readonly promise: Promise<Value>;
  #resolve: ((value: Value) => void) | undefined = undefined;
  #reject: ((error: unknown) => void) | undefined = undefined;

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  resolve(value: Value): void {
    this.#resolve?.(value);
  }

  reject(error: unknown): void {
    this.#reject?.(error);
  }
}
