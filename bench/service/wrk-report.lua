-- What `wrk` found, as one line of JSON for load.ts. Its own summary rounds. No script function runs for
-- a request or an answer, so that wrk stays as fast as it is without a script.
done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"microseconds":%d,"bytes":%d,"failed":%d,"p50Micros":%d,"p99Micros":%d}\n',
    summary.requests,
    summary.duration,
    summary.bytes,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(50),
    latency:percentile(99)
  ))
end
