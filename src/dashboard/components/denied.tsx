/** Shown in place of what the service refuses to show. */
import type { VNode } from "preact";

import type { SluiceError, SluiceErrorReason } from "../../client/index.ts";

import { TokenForm } from "./token-form.tsx";

const titles: Partial<Record<SluiceErrorReason, string>> = {
  "unknown-bucket": "No such bucket",
  "invalid-request": "Invalid bucket name",
};

interface DeniedProps {
  readonly error: SluiceError;
  /** Whether a token was sent. */
  readonly hadToken: boolean;
  readonly onToken: (token: string | undefined) => void;
}

/** Asks for an API key if one would help, or else says what is wrong. */
export function Denied({ error, hadToken, onToken }: DeniedProps): VNode {
  const { reason, detail } = error;
  if (reason === "unauthorized") {
    return <TokenForm detail={detail} hadToken={hadToken} onToken={onToken} />;
  }
  return (
    <section class="card notice" role="alert">
      <h2>{titles[reason] ?? "This page cannot be shown"}</h2>
      <p>{detail}.</p>
    </section>
  );
}
