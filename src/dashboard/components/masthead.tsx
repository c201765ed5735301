/** The top of every page: where one is, and ways to other pages. */
import type { ComponentChildren, VNode } from "preact";

import { BucketForm } from "./bucket-form.tsx";

interface MastheadProps {
  /** URL of Sluice, with a trailing slash. */
  readonly base: string;
  /** The bucket that is shown; on other pages none. */
  readonly bucket?: string;
  /** State of the connection. */
  readonly children?: ComponentChildren;
}

/** Logo, links, and the form that leads to a bucket. */
export function Masthead({ base, bucket = "", children }: MastheadProps): VNode {
  return (
    <header class="masthead">
      <a class="wordmark" href={base}>
        <Logo />
        Sluice
      </a>
      <nav class="links" aria-label="Pages">
        <a href={base}>Busy buckets</a>
        <a href={`${base}docs`}>Docs</a>
      </nav>
      <BucketForm base={base} bucket={bucket} />
      {children}
    </header>
  );
}

function Logo(): VNode {
  return (
    <svg class="logo" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="7" />
      <path class="posts" d="M7 7v18M25 7v18" />
      <path class="gate" d="M11.5 7h9v8h-9z" />
      <path
        class="water"
        d="M11 20c1.7-1.6 3.3-1.6 5 0s3.3 1.6 5 0M11 25c1.7-1.6 3.3-1.6 5 0s3.3 1.6 5 0"
      />
    </svg>
  );
}
