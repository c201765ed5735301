/** Sluice with objects that log when they are loaded into memory. Never deployed. */
import type { SluiceEnv } from "../../src/index.ts";

import { BucketObject as Quiet } from "../../src/bucket/bucket-object.ts";

export { Sluice, default } from "../../src/index.ts";

/** Has the name that the configuration binds. */
export class BucketObject extends Quiet {
  constructor(ctx: DurableObjectState, env: SluiceEnv) {
    super(ctx, env);
    console.error(`An object starts: ${ctx.id.name}`);
  }
}
