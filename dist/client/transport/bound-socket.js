/** Opens at once, like a platform's WebSocket. */
export class BoundSocket {
    #listeners = [];
    #socket = undefined;
    #isClosed = false;
    constructor(service, url, protocols) {
        void this.#open(service, url, protocols);
    }
    addEventListener(type, listener) {
        this.#listeners.push([type, listener]);
    }
    send(text) {
        this.#socket?.send(text);
    }
    close() {
        this.#isClosed = true;
        this.#socket?.close();
    }
    async #open(service, url, protocols) {
        const headers = { Upgrade: "websocket", "Sec-WebSocket-Protocol": protocols.join(", ") };
        try {
            const response = await service.fetch(new Request(url, { headers }));
            const { webSocket: socket } = response;
            if (!socket)
                throw new TypeError(`No upgrade: status ${response.status}`);
            this.#socket = socket;
            for (const [type, listener] of this.#listeners)
                socket.addEventListener(type, listener);
            socket.accept();
            if (this.#isClosed)
                socket.close();
            this.#emit("open");
        }
        catch {
            // As everywhere, a WebSocket doesn't say why it was refused.
            this.#emit("close");
        }
    }
    #emit(type) {
        for (const [of, listener] of this.#listeners)
            if (of === type)
                listener({ type });
    }
}
