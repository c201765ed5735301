/**
 * Returns the other end of a pipe from `stream`, and calls `done` when the pipe ends: when everything has
 * arrived, and when either end fails or is cancelled.
 *
 * @param signal When it aborts, both ends fail with its reason.
 * @param ahead How much the pipe holds before anybody reads. Default: nothing.
 */
export function piped(stream, signal, done, ahead) {
    const { readable, writable } = new TransformStream({}, undefined, ahead);
    void whenSettled(stream.pipeTo(writable, signal ? { signal } : {}), done);
    return readable;
}
async function whenSettled(promise, done) {
    try {
        await promise;
    }
    catch {
        // The reader of the stream gets the error.
    }
    done();
}
