/** What is in the way of serving, in words for whoever started it. */
export class ServeError extends Error {
  override readonly name = "ServeError";
  /** Whether it is about an option or the configuration, and stays so however often it is tried. */
  readonly isLasting: boolean;

  constructor(message: string, options: { isLasting: boolean; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.isLasting = options.isLasting;
  }
}
