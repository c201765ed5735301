/**
 * Chooses the client of a rate limit: one that is passed, one created from options, or one for the
 * binding `SLUICE`.
 */
import type { Client, ClientOptions } from "../client.ts";
/** Client options that say nothing about where Sluice is. */
type ClientSettings = Partial<Pick<ClientOptions, "token" | "transport" | "onUnavailable" | "onError" | "retryForMs">>;
/**
 * A `client`, or a function that returns one for a request; or the options of `createClient`; or
 * neither, in a Worker with Sluice bound as `SLUICE`. Calls over a binding are not retried
 * (`retryForMs` defaults to 0): no connection breaks between two Workers, and an acquire without a
 * key may be granted from a lease.
 */
export type ClientChoice<Context> = ({
    readonly client?: undefined;
} & ClientOptions) | {
    readonly client: Client | ((context: Context) => Client);
} | ({
    readonly client?: undefined;
    readonly url?: undefined;
    readonly service?: undefined;
} & ClientSettings);
/**
 * Returns a function that finds the client for a request.
 *
 * @param envOf Returns the Worker's bindings for a request, if there are any.
 * @throws {RangeError | TypeError} What `createClient` throws.
 */
export declare function clientChooser<Context>(options: ClientChoice<Context>, envOf: (context: Context) => unknown): (context: Context) => Client;
export {};
