/** The page's own callers of a bucket. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";

import { Asking } from "../asking.ts";

/** The callers, and how many of them are waiting. They end with the page. */
export function useAsking(
  base: string,
  bucket: string,
  token: string | undefined,
): { readonly asking: Asking; readonly waiting: number } {
  const [waiting, setWaiting] = useState(0);
  const asking = useMemo(() => {
    const made: Asking = new Asking(base, bucket, token, () => setWaiting(made.waiting));
    return made;
  }, [base, bucket, token]);
  const last = useRef(asking);
  last.current = asking;
  useEffect(() => (): void => last.current.cancelAll(), []);
  return { asking, waiting };
}
