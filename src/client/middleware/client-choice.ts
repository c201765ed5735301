/** Which client a rate limit asks: one that is given, one that it makes, or that of the binding `SLUICE`. */
import type { Client, ClientOptions } from "../client.ts";

import { createClient } from "../client.ts";
import { SluiceError } from "../sluice-error.ts";

/** What clients differ in beside the way to Sluice. */
type ClientSettings = Partial<
  Pick<ClientOptions, "token" | "onUnavailable" | "onError" | "retryForMs">
>;

/**
 * A `client`, or what works one out of a request; or the options of `createClient`; or neither, in a Worker
 * that has Sluice bound as `SLUICE`. A binding is asked once (`retryForMs` 0, if nothing else is said): between
 * two Workers no connection breaks, and an acquire that needs no key may be granted from a lease.
 */
export type ClientChoice<Context> =
  | ({ readonly client?: undefined } & ClientOptions)
  | { readonly client: Client | ((context: Context) => Client) }
  | ({
      readonly client?: undefined;
      readonly url?: undefined;
      readonly service?: undefined;
    } & ClientSettings);

/** What is bound to a Worker, as far as a client needs it. */
type Service = NonNullable<ClientOptions["service"]>;

/**
 * What finds the client of a request.
 *
 * @param envOf The bindings of the Worker, where a request has any.
 * @throws {RangeError | TypeError} What `createClient` throws.
 */
export function clientChooser<Context>(
  options: ClientChoice<Context>,
  envOf: (context: Context) => unknown,
): (context: Context) => Client {
  if (options.client !== undefined) {
    const { client } = options;
    return typeof client === "function" ? client : (): Client => client;
  }
  const { token, onUnavailable, onError, retryForMs } = options;
  const manners = {
    onError,
    ...(token !== undefined && { token }),
    ...(onUnavailable !== undefined && { onUnavailable }),
    ...(retryForMs !== undefined && { retryForMs }),
  };
  if (options.url !== undefined) {
    const { url, fetch } = options;
    const client = createClient({ ...manners, url, ...(fetch && { fetch }) });
    return () => client;
  }
  if (options.service !== undefined) {
    const client = createClient({ retryForMs: 0, ...manners, service: options.service });
    return () => client;
  }
  const clients = new WeakMap<Service, Client>();
  return (context) => {
    const service = boundService(envOf(context));
    const client = clients.get(service) ?? createClient({ retryForMs: 0, ...manners, service });
    clients.set(service, client);
    return client;
  };
}

/** Stands where nothing is bound, so that `onUnavailable` says what becomes of a request. */
const missingService: Service = {
  fetch(): never {
    const detail = "No client: give client, url or service, or bind Sluice as SLUICE";
    throw new SluiceError({ reason: "illegal-configuration", detail });
  },
};

function boundService(env: unknown): Service {
  const isBound = typeof env === "object" && env !== null && "SLUICE" in env;
  return isBound && isService(env.SLUICE) ? env.SLUICE : missingService;
}

function isService(value: unknown): value is Service {
  const isObject = (typeof value === "object" && value !== null) || typeof value === "function";
  return isObject && "fetch" in value && typeof value.fetch === "function";
}
