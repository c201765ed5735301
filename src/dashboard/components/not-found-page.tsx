/** The page where there is nothing. */
import type { VNode } from "preact";

import { useEffect } from "preact/hooks";

import { urlOfBucket } from "../address.ts";
import { Masthead } from "./masthead.tsx";

interface NotFoundPageProps {
  /** URL of Sluice, with a trailing slash. */
  readonly base: string;
  /** What stands behind it in the address. */
  readonly path: string;
}

/** Says so, and leads on. */
export function NotFoundPage({ base, path }: NotFoundPageProps): VNode {
  useEffect(() => {
    document.title = "Not found · Sluice";
  }, []);
  // Slashes of a bucket's name are encoded in its address, and forgotten there easily.
  const bucket = /^buckets\/(.*[^/])\/*$/.exec(path)?.[1];
  return (
    <>
      <Masthead base={base} />
      <main>
        <div class="title">
          <h1>There is nothing here</h1>
          <p class="lead">
            No page has the address <code>/{path}</code>.
          </p>
        </div>
        <ul class="ways">
          {bucket !== undefined && (
            <li>
              <a href={urlOfBucket(base, bucket)}>
                The bucket <span class="name">{bucket}</span>
              </a>
            </li>
          )}
          <li>
            <a href={base}>All busy buckets</a>
          </li>
          <li>
            <a href={`${base}docs`}>The HTTP interface</a>
          </li>
        </ul>
      </main>
    </>
  );
}
