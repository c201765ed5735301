/** Thrown if the command line is wrong; the message names the option, the value and the limit. */
export class UsageError extends Error {
    name = "UsageError";
}
