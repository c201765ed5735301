/** All calls of the HTTP interface, in the order in which the description shows them. */
import type { Call } from "./call.ts";
export declare const calls: readonly Call[];
/** The methods of each path, as `Allow` lists them. */
export declare const methodsByPath: ReadonlyMap<string, readonly string[]>;
