/**
 * `make`, called once for each environment. If it throws, it is called again the next time.
 *
 * @example
 * const settingsOf = perEnvironment(readSettings);
 */
export function perEnvironment(make) {
    const known = new WeakMap();
    return (env) => {
        let entry = known.get(env);
        if (!entry)
            known.set(env, (entry = { made: make(env) }));
        return entry.made;
    };
}
