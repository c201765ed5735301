/**
 * Returns the other end of a pipe from `stream`, and calls `done` when the pipe ends: when everything has
 * arrived, and when either end fails or is cancelled.
 *
 * @param signal When it aborts, both ends fail with its reason.
 * @param ahead How much the pipe holds before anybody reads. Default: nothing.
 */
export declare function piped<Chunk>(stream: ReadableStream<Chunk>, signal: AbortSignal | undefined, done: () => void, ahead?: QueuingStrategy<Chunk>): ReadableStream<Chunk>;
