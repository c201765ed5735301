/**
 * Time that this thread has computed for, in milliseconds. Other than a clock, it says nothing of what else
 * the machine has to do.
 */
export function cpuTimeMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}
