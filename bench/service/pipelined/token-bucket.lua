-- A token bucket in a hash of Redis, as its documentation and most libraries have it: whoever asks brings it up to
-- now. Fractions of tokens come in all the time.
--
-- KEYS: the bucket; with a second one, what is kept of a grant under its idempotency key.
-- ARGV: capacity, tokens a microsecond, tokens wanted, for how many milliseconds a key is remembered.
-- Returns 1 or 0 for granted or not, the whole tokens that remain, and the instant in milliseconds.
if KEYS[2] then
  local known = redis.call('GET', KEYS[2])
  if known then return cjson.decode(known) end
end
local capacity, rate, wanted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local bucket = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = tonumber(bucket[1]) or capacity
tokens = math.min(capacity, tokens + (now - (tonumber(bucket[2]) or now)) * rate)
if tokens < wanted then return { 0, math.floor(tokens), math.floor(now / 1000) } end
tokens = tokens - wanted
redis.call('HSET', KEYS[1], 'tokens', tokens, 'at', now)
local granted = { 1, math.floor(tokens), math.floor(now / 1000) }
if KEYS[2] then redis.call('SET', KEYS[2], cjson.encode(granted), 'PX', ARGV[4]) end
return granted
