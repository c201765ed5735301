/**
 * Cross-origin requests (CORS): scripts may call Sluice and read its answers if the configuration lists their
 * origin, and never with the browser's own credentials.
 */
import type { MiddlewareHandler } from "hono";
import type { CorsOrigins } from "../config/cors-origins.ts";
/**
 * Lets scripts from `origins` call a route by `methods`. For any other caller OPTIONS is a method like any
 * other.
 */
export declare function cors(origins: CorsOrigins, methods: readonly string[]): MiddlewareHandler;
