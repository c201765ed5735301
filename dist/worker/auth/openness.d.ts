/**
 * How open a deployment is, decided in one place. Imports nothing from the Worker, because the launcher of
 * `npm run serve` uses it, too.
 */
/** Who may acquire and read: holders of a token, everyone, or only bound Workers. */
export type Openness = "token" | "everybody" | "nobody";
/** Who may acquire and read under these settings. An `API_TOKEN` takes precedence over `PUBLIC`. */
export declare function opennessOf({ apiTokens, isPublic, }: {
    readonly apiTokens: object | undefined;
    readonly isPublic: boolean;
}): Openness;
