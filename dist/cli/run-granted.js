import { verbsOf } from "../client/holds/with-hold.js";
import { settledWithin } from "../client/transport/settled-within.js";
import { HeldGrant } from "../holding/held-grant.js";
import { exitCodes } from "./exit-code.js";
import { runCommand } from "./run-command.js";
/** How long a program whose command has ended waits for its permit to be given back. */
const MAX_RELEASE_MS = 5_000;
/** Resolves with the exit code: see `runCommand`, or `permitLost`. */
export async function runGranted(client, { granted, askedAtMs, holdMs, command, args }, { note }) {
    const { bucket, hold, permit } = granted;
    const report = (error) => note(`sluice: ${messageOf(error)}`);
    const verbs = verbsOf(client, bucket);
    const held = new HeldGrant(granted, { verbs, askedAtMs, holdMs, signal: undefined, report });
    const code = await runCommand(command, args, {
        signal: held.signal,
        env: {
            ...(hold && { SLUICE_HOLD: hold.id }),
            ...(permit && { SLUICE_PERMIT: permit.id, SLUICE_FENCE: String(permit.fence) }),
        },
    });
    const { aborted: isLost, reason } = held.signal;
    if (isLost)
        report(reason);
    held.end();
    await settledWithin(held.ended, MAX_RELEASE_MS);
    return isLost ? exitCodes.permitLost : code;
}
function messageOf(error) {
    return error instanceof Error ? error.message : String(error);
}
