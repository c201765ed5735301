/** Acting on a bucket: the calls, the admin key that they need, and what came of them. */
import { useMemo, useRef, useState } from "preact/hooks";

import type { CallResult } from "../operator-calls.ts";

import { storeToken, storedToken } from "../access-token.ts";
import { callWithAdminKey } from "../admin-key.ts";
import { OperatorCalls } from "../operator-calls.ts";

/** The question for the admin key, while a call waits for it. */
export interface KeyQuestion {
  /** What was wrong with the last key; absent the first time. */
  readonly fault: string | undefined;
  /** `undefined`: the visitor would rather not. */
  readonly answer: (key: string | undefined) => void;
}

/** What came of something. */
export interface Said {
  readonly text: string;
  readonly isFault: boolean;
}

/** What an operator does on the page. */
export interface Operator {
  readonly calls: OperatorCalls;
  /** The API key, for what it may do without an admin key. */
  readonly token: string | undefined;
  readonly question: KeyQuestion | undefined;
  /** Whether an admin key is stored in this tab. */
  readonly hasKey: boolean;
  /** What came of the last call, for a live region. */
  readonly said: Said;
  readonly announce: (text: string) => void;
  /** The same of a call that has changed nothing. */
  readonly complain: (text: string) => void;
  readonly forgetKey: () => void;
  /** Makes a call, and asks for the key if it needs one; `undefined` if the visitor gave none. */
  readonly run: <Value>(
    send: (key: string | undefined) => Promise<CallResult<Value>>,
  ) => Promise<CallResult<Value> | undefined>;
}

/** @param base URL of Sluice, with a trailing slash. */
export function useOperator(base: string, bucket: string, token: string | undefined): Operator {
  const calls = useMemo(() => new OperatorCalls(base, bucket), [base, bucket]);
  const pending = useRef<KeyQuestion>(undefined);
  const [question, setQuestion] = useState<KeyQuestion>();
  const show = (next: KeyQuestion | undefined): void => {
    pending.current = next;
    setQuestion(next);
  };
  const [hasKey, setHasKey] = useState(() => storedToken("admin") !== undefined);
  const [said, setSaid] = useState<Said>({ text: "", isFault: false });
  const announce = (text: string): void => setSaid({ text, isFault: false });
  return {
    calls,
    token,
    question,
    hasKey,
    said,
    announce,
    complain: (text) => setSaid({ text: `${text}.`, isFault: true }),
    forgetKey: () => {
      storeToken(undefined, "admin");
      setHasKey(false);
      announce("The admin key is forgotten");
    },
    run: async (send) => {
      let asked: KeyQuestion | undefined;
      const askKey = (fault: string | undefined): Promise<string | undefined> => {
        // There is one question: a call that had asked before is given up.
        if (pending.current !== asked) pending.current?.answer(undefined);
        return new Promise((answer) => {
          asked = { fault, answer };
          show(asked);
        });
      };
      const result = await callWithAdminKey(send, askKey);
      if (pending.current === asked) show(undefined);
      setHasKey(storedToken("admin") !== undefined);
      // First the question goes, and returns the focus.
      await new Promise((resolve) => setTimeout(resolve));
      return result;
    },
  };
}
