/** Shown while no bucket is busy: what to do first. */
import type { VNode } from "preact";

import { useRef, useState } from "preact/hooks";

import { crowdCommand, urlOfBucket } from "../address.ts";
import { startAtNextPage } from "../start-mark.ts";
import { CopyButton } from "./copy-button.tsx";

/** What the first bucket is called: as in the README's first example. */
const FIRST_BUCKET = "x";

interface FirstStepsProps {
  /** URL of Sluice, with a trailing slash. */
  readonly base: string;
  readonly needsToken: boolean;
}

/** A name, a command for a shell, and a button for a browser. */
export function FirstSteps({ base, needsToken }: FirstStepsProps): VNode {
  // Which names a key is good for isn't known here.
  const [name, setName] = useState(needsToken ? "" : FIRST_BUCKET);
  const [isMissing, setIsMissing] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const bucket = name.trim();
  const command = crowdCommand(base, bucket === "" ? "NAME" : bucket, needsToken);
  const start = (): void => {
    setIsMissing(bucket === "");
    if (bucket === "") {
      field.current?.focus();
      return;
    }
    startAtNextPage(bucket);
    location.assign(urlOfBucket(base, bucket));
  };
  return (
    <ol class="first-steps">
      <li class="card">
        <label for="first-bucket">Bucket (a name that has a policy)</label>
        <input
          ref={field}
          id="first-bucket"
          value={name}
          maxLength={128}
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          aria-invalid={isMissing && bucket === ""}
          aria-describedby="first-fault"
          onInput={({ currentTarget }) => setName(currentTarget.value)}
        />
        <p id="first-fault" class="fault" role="alert">
          {isMissing && bucket === "" && "Enter a name that your key may use."}
        </p>
      </li>
      <li class="card">
        <div class="head">
          <h2>From a shell</h2>
          <CopyButton text={command} what="the command" />
        </div>
        <code class="command" tabIndex={0}>
          {command}
        </code>
      </li>
      <li class="card">
        <div class="head">
          <h2>In this browser</h2>
          <button type="button" onClick={start}>
            Ten at once
          </button>
        </div>
        <p class="note">Ten callers, granted one after the other.</p>
      </li>
    </ol>
  );
}
