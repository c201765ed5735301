/**
 * Reads `vars.POLICIES` out of a wrangler configuration, for the Worker of the top level and for that of each
 * environment.
 *
 * wrangler reads the file: TOML, JSON with comments and what an environment inherits are its to know. It is the
 * wrangler of the project that the file belongs to, so this package needs none of its own.
 */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { isRecord, membersOf } from "../../core/is-record.js";
/** In the order in which wrangler looks for them. */
const FILES = ["wrangler.json", "wrangler.jsonc", "wrangler.toml"];
/** Thrown if a configuration can't be read; the message names the file and the next step. */
export class ConfigurationError extends Error {
    name = "ConfigurationError";
}
const WRANGLER_CALLS = ["experimental_readRawConfig", "unstable_readConfig"];
/**
 * The wrangler configuration in a folder.
 *
 * @throws {ConfigurationError} If there is none.
 */
export function configurationIn(folder) {
    const name = FILES.find((each) => existsSync(join(folder, each)));
    if (name !== undefined)
        return join(folder, name);
    throw new ConfigurationError(`There is no ${FILES.join(", ")} in ${folder}: name the file`);
}
/**
 * The Workers of a configuration: the top level first, then each environment; only one of them if `env` is given.
 *
 * The top level is left out if it has no policies and an environment has: such a file is deployed by
 * environment only.
 *
 * @param places Where wrangler is looked for, beside the folder of the file.
 * @throws {ConfigurationError} If the file can't be read, has no such environment, or there is no wrangler.
 */
export function readConfiguration(file, env, places = [import.meta.filename]) {
    const config = resolve(file);
    if (!existsSync(config))
        throw new ConfigurationError(`There is no file ${file}`);
    const wrangler = findWrangler(config, places);
    try {
        const environments = Object.keys(wrangler.experimental_readRawConfig({ config }).rawConfig.env ?? {});
        checkName(file, env, environments);
        const workers = (env === undefined ? [undefined, ...environments] : [env]).map((name) => {
            // An empty name is the top level. None would be what CLOUDFLARE_ENV says.
            const asked = { config, env: name ?? "" };
            const { vars } = wrangler.unstable_readConfig(asked, { hideWarnings: true });
            return { env: name, policies: vars["POLICIES"] };
        });
        const deployed = workers.filter((worker) => {
            return worker.env !== undefined || worker.policies !== undefined;
        });
        return deployed.some(({ policies }) => policies !== undefined) ? deployed : workers;
    }
    catch (error) {
        throw asConfigurationError(file, error);
    }
}
function checkName(file, env, known) {
    if (env === undefined || known.includes(env))
        return;
    const others = known.length > 0 ? `it has ${known.join(", ")}` : "it has no environments";
    throw new ConfigurationError(`${file} has no environment ${JSON.stringify(env)}: ${others}`);
}
function findWrangler(config, places) {
    for (const place of [config, ...places]) {
        const require = createRequire(place);
        let path;
        try {
            path = require.resolve("wrangler");
        }
        catch {
            continue;
        }
        const found = require(path);
        if (isWrangler(found))
            return found;
        throw new ConfigurationError(`The wrangler in ${dirname(path)} is too old: run "npm install wrangler@4" in ${dirname(config)}`);
    }
    throw new ConfigurationError(`wrangler, which reads the configuration, is not installed: run "npm install wrangler" in ${dirname(config)}`);
}
function isWrangler(found) {
    return isRecord(found) && WRANGLER_CALLS.every((name) => typeof found[name] === "function");
}
function asConfigurationError(file, error) {
    if (error instanceof ConfigurationError)
        return error;
    const message = error instanceof Error ? error.message : String(error);
    return new ConfigurationError(`Cannot read ${file}${placeIn(error)}: ${message}`, {
        cause: error,
    });
}
/** Where in the file a fault of its syntax is, as `:LINE:COLUMN`. */
function placeIn(error) {
    const { location } = membersOf(error);
    const { line, column } = membersOf(location);
    return typeof line === "number" ? `:${line}:${String(column)}` : "";
}
