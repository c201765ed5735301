/**
 * The Worker of `npm run trace`: Sluice, and a record of the calls of its functions. The bundle it is part
 * of calls `entered` at the beginning of each function. A Worker and its objects share an isolate in
 * workerd, so one record has both. Never deployed.
 */
import type { BucketObject, SluiceEnv } from "../../src/index.ts";

import sluice from "../../src/index.ts";

export * from "../../src/index.ts";

/** More than the deepest stack has. */
Object.assign(Error, { stackTraceLimit: 100 });

let calls: string[] = [];
let handOvers: string[] = [];

/** The stack at this moment, innermost frame first. */
function stackHere(): string {
  return new Error("here").stack ?? "";
}

Object.assign(globalThis, {
  entered: () => {
    calls.push(stackHere());
  },
});

/** The environment with a look at what goes to objects. Built once: settings are kept by environment. */
let watched: SluiceEnv | undefined;

function watchedEnv(env: SluiceEnv): SluiceEnv {
  const getByName = (name: string): unknown => {
    const stub = env.BUCKETS.getByName(name);
    return {
      fetch: (...args: Parameters<typeof stub.fetch>): Promise<Response> => {
        handOvers.push(stackHere());
        return stub.fetch(...args);
      },
      lend: (...args: Parameters<typeof stub.lend>) => stub.lend(...args),
    };
  };
  const BUCKETS = { getByName } as unknown as DurableObjectNamespace<BucketObject>;
  watched ??= { ...env, BUCKETS };
  return watched;
}

export default {
  fetch(request, env, ctx): Response | Promise<Response> {
    if (!request.url.endsWith("/trace")) return sluice.fetch(request, watchedEnv(env), ctx);
    const answer = Response.json({ calls, handOvers });
    calls = [];
    handOvers = [];
    return answer;
  },
} satisfies ExportedHandler<SluiceEnv>;
