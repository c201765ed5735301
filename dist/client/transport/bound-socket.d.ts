/**
 * A WebSocket to a service binding. No address leads there, so it is opened by a request for an upgrade, and works for
 * as long as the request, or in the Durable Object, in which it was opened.
 */
import type { ClientSocket } from "./live-socket.ts";
type OnEvent = Parameters<ClientSocket["addEventListener"]>[1];
/** A service binding, as far as it is needed here. */
interface Service {
    fetch(request: Request): Response | Promise<Response>;
}
/** Opens at once, like a platform's WebSocket. */
export declare class BoundSocket implements ClientSocket {
    #private;
    constructor(service: Service, url: string, protocols: readonly string[]);
    addEventListener(type: string, listener: OnEvent): void;
    send(text: string): void;
    close(): void;
}
export {};
