/**
 * Sluice with an Analytics Engine dataset that keeps what is written to it: `GET /points` returns all of it,
 * and `PUT /points` makes the dataset fail from then on. Never deployed.
 */
import sluice, { BucketObject as RealBucketObject, type SluiceEnv } from "../../src/index.ts";

const points: (AnalyticsEngineDataPoint | undefined)[] = [];
let isBroken = false;

const ANALYTICS: AnalyticsEngineDataset = {
  writeDataPoint(point) {
    if (isBroken) throw new Error("Broken by a test");
    points.push(point);
  },
};

/** One for each environment, because settings are cached by environment. */
const envs = new WeakMap<SluiceEnv, SluiceEnv>();

function recorded(env: SluiceEnv): SluiceEnv {
  const known = envs.get(env) ?? { ...env, ANALYTICS };
  envs.set(env, known);
  return known;
}

/** The real object, with the dataset. */
export class BucketObject extends RealBucketObject {
  constructor(ctx: DurableObjectState, env: SluiceEnv) {
    super(ctx, recorded(env));
  }
}

export default {
  fetch(request, env, ctx) {
    const { pathname } = new URL(request.url);
    if (pathname !== "/points") return sluice.fetch(request, recorded(env), ctx);
    if (request.method === "PUT") isBroken = true;
    return Response.json(points);
  },
} satisfies ExportedHandler<SluiceEnv>;
