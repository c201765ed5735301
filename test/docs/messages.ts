/** What `work` returns, and what it says on the console meanwhile, which is kept from it. */
export function messagesOf<Result>(work: () => Result): { result: Result; messages: string[] } {
  const { log, warn, error } = console;
  const messages: string[] = [];
  const keep = (...parts: unknown[]): void => void messages.push(parts.join(" "));
  Object.assign(console, { log: keep, warn: keep, error: keep });
  try {
    return { result: work(), messages };
  } finally {
    Object.assign(console, { log, warn, error });
  }
}
