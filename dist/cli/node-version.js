/** Whether the command line can run on this Node. */
/** As `engines` of package.json has it. */
const MIN_MAJOR = 22;
const MIN_MINOR = 18;
/**
 * What is wrong with this Node, as a sentence; `undefined` if nothing is. On an older one, commands start and may not
 * end.
 *
 * @example
 * nodeFault({ node: "20.20.2" }); // "Cannot run on Node 20.20.2: install Node 22.18 or newer"
 */
export function nodeFault({ node, bun, deno }) {
    // The Node that they claim to be says little about what they have.
    if (bun !== undefined || deno !== undefined)
        return undefined;
    const [major = 0, minor = 0] = node.split(".").map(Number);
    const isOld = major < MIN_MAJOR || (major === MIN_MAJOR && minor < MIN_MINOR);
    if (!isOld)
        return undefined;
    return `Cannot run on Node ${node}: install Node ${MIN_MAJOR}.${MIN_MINOR} or newer`;
}
