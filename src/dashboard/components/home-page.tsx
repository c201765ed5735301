/** The page at `/`. */
import type { VNode } from "preact";

import { useEffect } from "preact/hooks";

import { curlCommand } from "../address.ts";
import { Masthead } from "./masthead.tsx";

/** What the first bucket is called: as in the README's first example. */
const FIRST_BUCKET = "x";

/** Where to start. */
export function HomePage({ base }: { readonly base: string }): VNode {
  useEffect(() => {
    document.title = "Busy buckets · Sluice";
  }, []);
  return (
    <>
      <Masthead base={base} />
      <main>
        <div class="title">
          <h1>Busy buckets</h1>
          <p class="lead">Acquire a token from a shell, or enter the name of a bucket above:</p>
        </div>
        <p class="shell">
          <code>{curlCommand(base, FIRST_BUCKET, false)}</code>
        </p>
      </main>
    </>
  );
}
