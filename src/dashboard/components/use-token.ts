/** The visitor's API key. */
import { useCallback, useState } from "preact/hooks";

import { storeToken, storedToken } from "../access-token.ts";

/** The key, and a function that changes it for this tab; `undefined` forgets it. */
export function useToken(): readonly [
  token: string | undefined,
  changeToken: (next: string | undefined) => void,
] {
  const [token, setToken] = useState(storedToken);
  const changeToken = useCallback((next: string | undefined) => {
    storeToken(next);
    setToken(next);
  }, []);
  return [token, changeToken];
}
