import { createClient } from "../client.js";
import { SluiceError } from "../sluice-error.js";
/**
 * Returns a function that finds the client for a request.
 *
 * @param envOf Returns the Worker's bindings for a request, if there are any.
 * @throws {RangeError | TypeError} What `createClient` throws.
 */
export function clientChooser(options, envOf) {
    if (options.client !== undefined) {
        const { client } = options;
        return typeof client === "function" ? client : () => client;
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
    const clients = new WeakMap();
    return (context) => {
        const service = boundService(envOf(context));
        const client = clients.get(service) ?? createClient({ retryForMs: 0, ...settings, service });
        clients.set(service, client);
        return client;
    };
}
/** Used if nothing is bound, so that `onUnavailable` decides about each request. */
const missingService = {
    fetch() {
        const detail = "No client: pass client, url or service, or bind Sluice as SLUICE";
        throw new SluiceError({ reason: "illegal-configuration", detail });
    },
};
function boundService(env) {
    const isBound = typeof env === "object" && env !== null && "SLUICE" in env;
    return isBound && isService(env.SLUICE) ? env.SLUICE : missingService;
}
function isService(value) {
    const isObject = (typeof value === "object" && value !== null) || typeof value === "function";
    return isObject && "fetch" in value && typeof value.fetch === "function";
}
