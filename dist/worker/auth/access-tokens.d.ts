/**
 * Bearer tokens: which ones the deployment knows, and what each is good for.
 *
 * Several tokens may be valid at the same time, so that one can be replaced without a gap. In the short form
 * they are text, separated by white space, which no bearer token contains. In the long form each is an item
 * of a JSON list and may be restricted to buckets and rights.
 *
 * Two things must not reveal anything about a token. *The time of a comparison*: it compares digests of equal
 * length, and always all of them. *Messages*: any misplaced value may be a token, so a message names the
 * place of a fault and never shows a value.
 */
import type { Scope } from "./scope.ts";
/** What may carry a bearer token: a request, or whatever else has its headers. */
export interface Bearer {
    readonly headers: {
        get(name: string): string | null;
    };
}
/** A pause holds up every caller, so a token may only pause if its configuration says so. */
declare const rightsOf: {
    readonly API_TOKEN: {
        readonly all: readonly ["acquire", "read", "pause"];
        readonly byDefault: readonly ["acquire", "read"];
    };
    readonly ADMIN_TOKEN: {
        readonly all: readonly ["admin"];
        readonly byDefault: readonly ["admin"];
    };
};
/** The tokens of one variable. */
export declare class AccessTokens {
    #private;
    private constructor();
    /**
     * Reads the variable's value: text, or a list that has been parsed already. `undefined` if it is unset or
     * empty.
     *
     * @throws {RangeError} If the value is illegal, naming the place.
     */
    static read(variable: keyof typeof rightsOf, value: unknown): AccessTokens | undefined;
    /** What the bearer token is good for: nothing if it is missing or unknown. */
    scopesOf(bearer: Bearer): Promise<readonly Scope[]>;
}
/** The key that a caller presents, known or not; `undefined` if it presents none. */
export declare function presentedKey({ headers }: Bearer): string | undefined;
export {};
