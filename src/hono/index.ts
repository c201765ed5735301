/** The package's entry `sluice/hono`. */
export type { Client } from "../client/client.ts";
