/** The page's clock, for components that change with time: it stops while nothing would change. */
import { useEffect, useState } from "preact/hooks";

/** Longest timer: browsers treat larger delays as zero. */
const MAX_DELAY_MS = 2_000_000_000;

/**
 * The present, epoch milliseconds. Updated after the milliseconds that `delayFrom` returns, which
 * is called again whenever `cause` changes; not updated if it returns `undefined`, or while the
 * page is hidden.
 */
export function useNow(delayFrom: (nowMs: number) => number | undefined, cause: unknown): number {
  const [, setUpdatedAtMs] = useState(0);
  const nowMs = Date.now();
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const arm = (): void => {
      clearTimeout(timer);
      const delayMs = document.hidden ? undefined : delayFrom(Date.now());
      if (delayMs === undefined) return;
      timer = setTimeout(update, Math.min(delayMs, MAX_DELAY_MS));
    };
    const update = (): void => {
      setUpdatedAtMs(Date.now());
      arm();
    };
    arm();
    document.addEventListener("visibilitychange", update);
    return (): void => {
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", update);
    };
  }, [cause]);
  return nowMs;
}
