import sluice, { type SluiceEnv } from "sluice/worker";

export { BucketObject, Sluice } from "sluice/worker";

export default {
  fetch(request, env, ctx) {
    const { pathname } = new URL(request.url);
    return pathname === "/mine" ? new Response("mine") : sluice.fetch(request, env, ctx);
  },
} satisfies ExportedHandler<SluiceEnv>;
