/**
 * Processor time of this process so far, in nanoseconds: neither waiting for a timer counts nor what else
 * the machine does meanwhile, but the garbage collector's threads do. Good to a microsecond, so spans
 * are to be long.
 */
export function busyNs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) * NS_PER_US;
}

/** Processor time that `work` takes, nanoseconds. */
export function busyNsOf(work: () => void): number {
  const before = busyNs();
  work();
  return busyNs() - before;
}

const NS_PER_US = 1_000;
