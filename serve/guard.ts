/**
 * A guard beside a process group: a shell that waits for its standard input to end, which it does
 * however this process ends, and then kills the group. POSIX only, like process groups.
 */
import { spawn, type ChildProcess } from "node:child_process";

/** Starts the guard of the group that `leader` leads; it goes when the leader goes. */
export function guardGroup(leader: ChildProcess): void {
  const { pid } = leader;
  if (pid === undefined) return;
  const guard = spawn("sh", ["-c", `read _; kill -s KILL -- -${pid}`], {
    stdio: ["pipe", "ignore", "ignore"],
    // Out of the reach of a Ctrl-C, which has to end us first.
    detached: true,
  });
  guard.unref();
  guard.on("error", () => undefined);
  guard.stdin?.on("error", () => undefined);
  leader.once("exit", () => guard.kill("SIGKILL"));
}
