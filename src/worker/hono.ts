/**
 * The parts of Hono that the Worker uses: its router, and its application under CORS. No other module of the Worker
 * imports Hono, because the package bundles this one: the router's internals stay at the version that is tested here,
 * and `sluice/worker` needs no Hono installed and never meets the one of the user's app.
 */
export { Hono } from "hono";
export { cors } from "hono/cors";
export { METHOD_NAME_ALL } from "hono/router";
export { RegExpRouter } from "hono/router/reg-exp-router";
export { parseAccept } from "hono/utils/accept";
export { getPath, getQueryParams } from "hono/utils/url";
