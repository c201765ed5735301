/** An error that ends the demo; its message is for the person who started it. */
export class DemoError extends Error {
  override readonly name = "DemoError";
}
