/**
 * Chooses the client of a rate limit: one that is passed, one created from options, or one for the
 * Sluice that the Worker is bound to as `SLUICE` or exports itself.
 */
import type { Client, ClientOptions } from "../client.ts";

import { createClient } from "../client.ts";
import { SluiceError } from "../sluice-error.ts";

/** Client options that say nothing about where Sluice is. */
type ClientSettings = Partial<
  Pick<
    ClientOptions,
    | "token"
    | "fetch"
    | "WebSocket"
    | "transport"
    | "onUnavailable"
    | "onError"
    | "retryForMs"
    | "overdueMs"
  >
>;

/**
 * A `client`, or a function that returns one for a request; or the options of `createClient`; or
 * neither, in a Worker with Sluice bound as `SLUICE`, or in one that exports the class `Sluice` of
 * `sluice/worker` (found in `ctx.exports`, which a compatibility date from 2025-11-17 on has).
 * Calls over a binding are not retried (`retryForMs` defaults to 0): no connection breaks between
 * two Workers, and an acquire without a key may be granted from a lease.
 */
export type ClientChoice<Context> =
  | ({ readonly client?: undefined } & ClientOptions)
  | { readonly client: Client | ((context: Context) => Client) }
  | ({
      readonly client?: undefined;
      /** Left out where Sluice is bound or exported: one program can run on Workers and on Node. */
      readonly url?: string | URL | undefined;
      readonly service?: undefined;
    } & ClientSettings);

/** The part of a service binding that a client needs. */
type Service = NonNullable<ClientOptions["service"]>;

/** What a runtime passes along with a request; of runtimes other than Workers, anything. */
interface Surroundings {
  /** The bindings of a Worker. */
  readonly env: unknown;
  /** The execution context of a Worker. */
  readonly ctx: unknown;
}

/**
 * Returns a function that finds the client for a request.
 *
 * @param surroundingsOf Returns what the runtime has passed along with a request.
 * @throws {RangeError | TypeError} What `createClient` throws.
 */
export function clientChooser<Context>(
  options: ClientChoice<Context>,
  surroundingsOf: (context: Context) => Surroundings,
): (context: Context) => Client {
  if (options.client !== undefined) {
    const { client } = options;
    return typeof client === "function" ? client : (): Client => client;
  }
  const { token, transport, onUnavailable, onError, retryForMs, overdueMs } = options;
  const settings = {
    onError,
    transport,
    ...(token !== undefined && { token }),
    ...(onUnavailable !== undefined && { onUnavailable }),
    ...(retryForMs !== undefined && { retryForMs }),
    ...(overdueMs !== undefined && { overdueMs }),
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
    const service = boundService(surroundingsOf(context));
    const client = clients.get(service) ?? createClient({ retryForMs: 0, ...settings, service });
    clients.set(service, client);
    return client;
  };
}

/** Used if nothing is bound, so that `onUnavailable` decides about each request. */
const missingService: Service = {
  fetch(): never {
    const detail =
      "No client: pass client, url or service, bind Sluice as SLUICE, or export it from this Worker";
    throw new SluiceError({ reason: "illegal-configuration", detail });
  },
};

/** A binding comes first: the exported class may be there for other Workers only. */
function boundService({ env, ctx }: Surroundings): Service {
  const candidates = [memberOf(env, "SLUICE"), memberOf(memberOf(ctx, "exports"), "Sluice")];
  return candidates.find(isService) ?? missingService;
}

/** The runtime's stubs are functions, and their members are found when they are asked for. */
function memberOf(value: unknown, name: string): unknown {
  if ((typeof value !== "object" && typeof value !== "function") || value === null)
    return undefined;
  const member: unknown = Reflect.get(value, name);
  return member;
}

function isService(value: unknown): value is Service {
  return typeof memberOf(value, "fetch") === "function";
}
