/**
 * Lets one page start what the next one does. It isn't said in the address: a link from elsewhere must not make a
 * visitor take tokens.
 */

const KEY = "sluice.start";

/** The next page of this tab that shows `bucket` sends ten callers at once. */
export function startAtNextPage(bucket: string): void {
  try {
    sessionStorage.setItem(KEY, bucket);
  } catch {
    // The browser blocks storage for this page: the visitor presses the button there.
  }
}

/** Whether this page was started for `bucket`; it is so once. */
export function takeStart(bucket: string): boolean {
  try {
    const isStarted = sessionStorage.getItem(KEY) === bucket;
    sessionStorage.removeItem(KEY);
    return isStarted;
  } catch {
    return false;
  }
}
