/** The limit called `name`, of `kind`, with checked `fields`. */
export function limitSpec(name, kind, fields) {
    return { name, kind, fields };
}
