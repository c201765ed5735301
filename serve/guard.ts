/**
 * Kills a process group when this process ends. The guard is a shell that waits for the end of its standard
 * input, which comes however this process ends, and then kills the group. POSIX only, like process groups.
 */
import { spawn, type ChildProcess } from "node:child_process";

/** Starts the guard of the group that `leader` leads. The guard ends with the leader. */
export function guardGroup(leader: ChildProcess): void {
  const { pid } = leader;
  if (pid === undefined) return;
  const guard = spawn("sh", ["-c", `read _; kill -s KILL -- -${pid}`], {
    stdio: ["pipe", "ignore", "ignore"],
    // In a group of its own, so that a Ctrl-C ends this process first.
    detached: true,
  });
  guard.unref();
  guard.on("error", () => undefined);
  guard.stdin?.on("error", () => undefined);
  leader.once("exit", () => guard.kill("SIGKILL"));
}
