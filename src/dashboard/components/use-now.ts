/** The page's clock, for components that change with it: it stands still while nothing would. */
import { useEffect, useState } from "preact/hooks";

/** No timer waits longer: browsers take a larger number for none at all. */
const MAX_DELAY_MS = 2_000_000_000;

/**
 * The present, epoch milliseconds. It is looked at again after `delayFrom` milliseconds, which is asked
 * anew whenever `cause` changes; never again where that is `undefined`, and not while nobody looks.
 */
export function useNow(delayFrom: (nowMs: number) => number | undefined, cause: unknown): number {
  const [, setLookedAtMs] = useState(0);
  const nowMs = Date.now();
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const arm = (): void => {
      clearTimeout(timer);
      const delayMs = document.hidden ? undefined : delayFrom(Date.now());
      if (delayMs === undefined) return;
      timer = setTimeout(refresh, Math.min(delayMs, MAX_DELAY_MS));
    };
    const refresh = (): void => {
      setLookedAtMs(Date.now());
      arm();
    };
    arm();
    document.addEventListener("visibilitychange", refresh);
    return (): void => {
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", refresh);
    };
  }, [cause]);
  return nowMs;
}
