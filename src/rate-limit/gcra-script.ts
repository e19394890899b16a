/** One clock for all replicas: that of Redis. */
const redisNow = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
`;

/**
 * `Buckets.take` once more. KEYS: the buckets. ARGV: the increment and the tolerance of each. Returns the backlog each
 * had before. %.0f because Lua would write a number of this size in exponent form.
 */
export const takeScript = `
local function write(key, backlog)
  redis.call('SET', key, string.format('%.0f', now + backlog), 'PX', math.ceil(backlog / 1000))
end
local backlogs, admitted = {}, true
for i, key in ipairs(KEYS) do
  local increment, tolerance = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local arrival = tonumber(redis.call('GET', key) or now) or now
  if arrival > now + tolerance then write(key, tolerance) end
  backlogs[i] = math.max(0, math.min(arrival - now, tolerance))
  if backlogs[i] + increment > tolerance then admitted = false end
end
if admitted then
  for i, key in ipairs(KEYS) do write(key, backlogs[i] + tonumber(ARGV[2 * i - 1])) end
end
return backlogs
`;

export const gcraScript = redisNow + takeScript;
