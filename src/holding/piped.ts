/**
 * Returns the other end of a pipe from `stream`, and calls `done` when the pipe ends: when everything has
 * arrived, and when either end fails or is cancelled.
 *
 * @param signal When it aborts, both ends fail with its reason.
 * @param ahead How much the pipe holds before anybody reads. Default: nothing.
 */
export function piped<Chunk>(
  stream: ReadableStream<Chunk>,
  signal: AbortSignal | undefined,
  done: () => void,
  ahead?: QueuingStrategy<Chunk>,
): ReadableStream<Chunk> {
  const { readable, writable } = new TransformStream<Chunk, Chunk>({}, undefined, ahead);
  void whenSettled(stream.pipeTo(writable, signal ? { signal } : {}), done);
  return readable;
}

async function whenSettled(promise: Promise<unknown>, done: () => void): Promise<void> {
  try {
    await promise;
  } catch {
    // The reader of the stream gets the error.
  }
  done();
}
