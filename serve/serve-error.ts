/** Why serving failed, in a message for the person who started it. */
export class ServeError extends Error {
  override readonly name = "ServeError";
  /** Whether an option or the configuration is at fault, so that retrying can't help. */
  readonly isLasting: boolean;

  constructor(message: string, options: { isLasting: boolean; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.isLasting = options.isLasting;
  }
}
