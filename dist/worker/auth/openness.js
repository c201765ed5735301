/**
 * How open a deployment is, decided in one place. Imports nothing from the Worker, because the launcher of
 * `npm run serve` uses it, too.
 */
/** Who may acquire and read under these settings. An `API_TOKEN` takes precedence over `PUBLIC`. */
export function opennessOf({ apiTokens, isPublic, }) {
    if (apiTokens)
        return "token";
    return isPublic ? "everybody" : "nobody";
}
