/**
 * What is made of an environment once: reading a configuration takes longer than answering a request, and
 * every request of an isolate has the same environment. (Tests and Workers that embed Sluice may have several.)
 */
import type { SluiceEnv } from "./env.ts";
/**
 * `make`, called once for each environment. If it throws, it is called again the next time.
 *
 * @example
 * const settingsOf = perEnvironment(readSettings);
 */
export declare function perEnvironment<Made>(make: (env: SluiceEnv) => Made): (env: SluiceEnv) => Made;
