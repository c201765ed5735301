/** A promise settled from outside: `Promise.withResolvers`, which Node 20 doesn't have. */
export declare class Deferred<Value> {
    #private;
    readonly promise: Promise<Value>;
    constructor();
    resolve(value: Value): void;
    reject(error: unknown): void;
}
