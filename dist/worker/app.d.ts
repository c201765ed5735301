import type { SluiceEnv } from "./config/env.ts";
import type { Deployment } from "./deployment.ts";
/** Anything that handles requests. */
interface App {
    readonly fetch: (request: Request, env: SluiceEnv, ctx?: ExecutionContext) => Response | Promise<Response>;
}
/** Sluice as the Internet sees it. */
export declare const publicDeploymentOf: (env: SluiceEnv) => Deployment;
/** Sluice as Workers see it that are bound to `Sluice`: they need no token to acquire, read and pause. */
export declare const boundDeploymentOf: (env: SluiceEnv) => Deployment;
/** What the Internet reaches. */
export declare const routes: App;
/** What bound Workers reach by HTTP. */
export declare const boundRoutes: App;
/** What answers the requests of a deployment; the fast lane, where there is one, has to answer as this does. */
export declare function createRoutes(deployment: Deployment): App;
export {};
