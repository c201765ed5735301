/** What `sluice --help` says. */
export const usage = `Usage: sluice COMMAND [options]

  sluice acquire BUCKET [-- COMMAND ...]   wait for a token, then run the command
    --tokens N, -t N          tokens to take (1)
    --wait DURATION, -w       wait at most so long: 0, 500ms, 5s, 2m (as long as the policy allows)
    --key KEY                 asked again with the same key, it is paid once
    --on-unavailable WHAT     throw (end with 69), open (go on without), closed (refuse, with 69)
    --quiet, -q               say nothing
    --json                    say how it ended in JSON
  sluice inspect BUCKET                    the bucket as it is, in JSON
  sluice watch BUCKET                      its tokens and its queue, live
    --json                    a line of JSON for each change, as where it is no terminal
  sluice bench URL                         how fast a deployment answers
    --bucket BUCKET, -b       (bench)
    --connections N, -c N     requests under way at a time (64)
    --duration DURATION, -d   (10s)
    --wait DURATION, -w       how long each is willing to wait (0)
    --json
  sluice --version, sluice --help

All but bench take --url ADDRESS, or SLUICE_URL, or http://localhost:8787. A token is taken from
SLUICE_TOKEN.

Ends with 0 if granted, or with the command's own code; 64 usage; 69 unavailable; 70 failed;
75 refused for now; 77 not allowed; 78 no such bucket, or no legal configuration; 126, 127 command
cannot be run, is not there; 128 and its number for a signal. A signal is how watch ends: with 0. It
ends bench before its time: with what was measured.`;
