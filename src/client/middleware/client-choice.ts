/**
 * Chooses the client of a rate limit: one that is passed, one created from options, or one for the
 * binding `SLUICE`.
 */
import type { Client, ClientOptions } from "../client.ts";

import { createClient } from "../client.ts";
import { SluiceError } from "../sluice-error.ts";

/** Client options that say nothing about where Sluice is. */
type ClientSettings = Partial<
  Pick<ClientOptions, "token" | "transport" | "onUnavailable" | "onError" | "retryForMs">
>;

/**
 * A `client`, or a function that returns one for a request; or the options of `createClient`; or
 * neither, in a Worker with Sluice bound as `SLUICE`. Calls over a binding are not retried
 * (`retryForMs` defaults to 0): no connection breaks between two Workers, and an acquire without a
 * key may be granted from a lease.
 */
export type ClientChoice<Context> =
  | ({ readonly client?: undefined } & ClientOptions)
  | { readonly client: Client | ((context: Context) => Client) }
  | ({
      readonly client?: undefined;
      readonly url?: undefined;
      readonly service?: undefined;
    } & ClientSettings);

/** The part of a service binding that a client needs. */
type Service = NonNullable<ClientOptions["service"]>;

/**
 * Returns a function that finds the client for a request.
 *
 * @param envOf Returns the Worker's bindings for a request, if there are any.
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
  const { token, transport, onUnavailable, onError, retryForMs } = options;
  const settings = {
    onError,
    transport,
    ...(token !== undefined && { token }),
    ...(onUnavailable !== undefined && { onUnavailable }),
    ...(retryForMs !== undefined && { retryForMs }),
  };
  if (options.url !== undefined) {
    const { url, fetch, WebSocket } = options;
    const client = createClient({ ...settings, url, fetch, WebSocket });
    return () => client;
  }
  if (options.service !== undefined) {
    const client = createClient({ retryForMs: 0, ...settings, service: options.service });
    return () => client;
  }
  const clients = new WeakMap<Service, Client>();
  return (context) => {
    const service = boundService(envOf(context));
    const client = clients.get(service) ?? createClient({ retryForMs: 0, ...settings, service });
    clients.set(service, client);
    return client;
  };
}

/** Used if nothing is bound, so that `onUnavailable` decides about each request. */
const missingService: Service = {
  fetch(): never {
    const detail = "No client: pass client, url or service, or bind Sluice as SLUICE";
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
