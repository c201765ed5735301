/** What the demo cannot go on from; its message is for whoever started it. */
export class DemoError extends Error {
  override readonly name = "DemoError";
}
