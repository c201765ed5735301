"""The exercise that Sluice grew from, the token bucket filter with a daemon thread, in its plain form.

    python3 original.py CALLERS INTERVAL_MS

The daemon sleeps for an interval, adds a token and notifies one of those who wait on the condition.
Callers are threads, started in order; each notes when it may go. Prints the instants as a JSON list in
order of starting, milliseconds of this process's own clock.
"""

import json
import sys
import threading
import time


class TokenBucketFilter:
    def __init__(self, capacity, interval_seconds):
        self._capacity = capacity
        self._interval_seconds = interval_seconds
        self._tokens = 0
        self._condition = threading.Condition()
        # Started when all else is there: the daemon must not see half an object.
        threading.Thread(target=self._tick_for_ever, daemon=True).start()

    def _tick_for_ever(self):
        while True:
            time.sleep(self._interval_seconds)
            with self._condition:
                if self._tokens < self._capacity:
                    self._tokens += 1
                self._condition.notify()

    def get_token(self):
        with self._condition:
            while self._tokens == 0:
                self._condition.wait()
            self._tokens -= 1


def main():
    callers, interval_ms = int(sys.argv[1]), float(sys.argv[2])
    bucket = TokenBucketFilter(1, interval_ms / 1000)
    instants = [0.0] * callers

    def call(caller):
        bucket.get_token()
        instants[caller] = time.perf_counter() * 1000

    threads = [threading.Thread(target=call, args=(caller,)) for caller in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps(instants))


main()
