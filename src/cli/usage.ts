/** Output of `sluice --help`. */
export const usage = `Usage: sluice COMMAND [options]

  sluice acquire BUCKET [-- COMMAND ...]   wait for a token, then run the command
    --tokens N, -t N          tokens to take (1), from each limit of the bucket
    --tokens LIMIT=N, -t      tokens to take from one limit instead; may be repeated
    --wait DURATION, -w       wait at most this long: 0, 500ms, 5s, 2m (the policy's maximum)
    --hold DURATION           hold the tokens so that they can be settled
    --concurrency             end with 78 if the bucket's policy has no concurrency
    --key KEY                 idempotency key: a retry with the same key is not charged again
    --label TEXT              shown to operators who look at the queue
    --on-unavailable WHAT     throw (exit with 69), open (run anyway), closed (refuse, exit with 69)
    --quiet, -q               print nothing
    --json                    print the outcome as JSON
  sluice run BUCKET -- COMMAND ...         the same, with the options of acquire
  sluice inspect BUCKET                    print the bucket's current state as JSON
  sluice ls                                list the buckets that are busy
    --prefix PREFIX           only those whose name begins with it
    --sort BY                 waiters, granted, refused (a second) or name (waiters)
    --limit N                 at most so many, up to 1000 (100)
    --watch                   keep the list up to date, until interrupted
    --json                    print the list as JSON; with --watch, the default if not on a terminal
  sluice watch BUCKET                      show its tokens and its queue, live
    --json                    one line of JSON per change; the default if not on a terminal
  sluice bench URL                         measure how fast a deployment answers
    --bucket BUCKET, -b       (bench)
    --tokens N, -t N          tokens of each request (1), from each limit of the bucket
    --tokens LIMIT=N, -t      as for acquire
    --transport HOW           http (each by itself) or session (all on one WebSocket) (http)
    --connections N, -c N     concurrent requests (64)
    --duration DURATION, -d   (10s)
    --wait DURATION, -w       how long each request may wait (0)
    --json                    print the result as JSON
  sluice policy check [FILE]               check the policies of a wrangler configuration
    --env NAME                only this environment; by default the top level and all of them
  sluice policy plan [FILE]                show what a deployment of it would change
    --env NAME                the environment that is deployed (the top level)
    --json                    print the plan as JSON
  sluice policy apply FILE BUCKET ...      override the policies of buckets by those of the file
    --note TEXT               why, for people who look at the bucket later; required
    --env NAME                as for plan
  sluice policy rollback BUCKET            take the last override of a bucket back
  sluice init [DIR]                        write a Worker with Sluice into a folder (.)
    --name NAME               the Worker's name (the folder's)
    --toml                    configure it in wrangler.toml instead of wrangler.jsonc
    --hono                    a Hono app with a limited route, and the limiter in it
  sluice --version, sluice --help

If the bucket's policy has concurrency, which says how many may run at once, the command runs under
a permit, which is extended until it ends. SLUICE_FENCE is the number of the permit. If the permit
is lost, the command is ended. SLUICE_HOLD is the id of the hold.

All commands except bench, policy check and init take --url ADDRESS, or SLUICE_URL, or
http://localhost:8787. The API key is read from SLUICE_TOKEN; policy plan, apply and rollback need
an admin key, from SLUICE_ADMIN_TOKEN if that is set.

Exit codes: 0 granted, or the command's own code; 2 a plan with changes; 64 usage; 69 unavailable;
70 failed; 75 refused for now; 76 the permit was lost; 77 not allowed; 78 no such bucket, invalid
configuration, files in the way of init, or Node older than 22.18; 126 the command cannot be run;
127 command not found; 128 plus its number for a signal. A signal ends watch and ls with 0, and
bench early, with the results so far.`;
