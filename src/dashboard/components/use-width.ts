/** Measures an element's width, for drawings that fit it. */
import type { RefObject } from "preact";

import { useEffect, useRef, useState } from "preact/hooks";

/** Returns a ref for the element, and its width in whole pixels; 0 until it is measured. */
export function useWidth<Kind extends Element>(): [RefObject<Kind | null>, number] {
  const element = useRef<Kind>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    if (!element.current) return undefined;
    const observer = new ResizeObserver(([entry]) => {
      if (entry) setWidth(Math.floor(entry.contentRect.width));
    });
    observer.observe(element.current);
    return (): void => observer.disconnect();
  }, []);
  return [element, width];
}
