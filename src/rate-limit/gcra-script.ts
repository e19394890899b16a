/** One clock for all replicas: that of Redis. */
const redisNow = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
`;

/** %.0f because Lua would write a number of this size in exponent form. */
const bucket = `
local function read(key, tolerance)
  local arrival = tonumber(redis.call('GET', key) or now) or now
  return math.max(0, math.min(arrival - now, tolerance)), arrival > now + tolerance
end
local function write(key, backlog)
  redis.call('SET', key, string.format('%.0f', now + backlog), 'PX', math.ceil(backlog / 1000))
end
`;

/**
 * `Buckets.take` once more. KEYS: the buckets. ARGV: increment, tolerance and group of each. Returns the backlog each had
 * before.
 */
export const takeScript = `${bucket}
local backlogs, refused = {}, {}
for i, key in ipairs(KEYS) do
  local increment, tolerance = tonumber(ARGV[3 * i - 2]), tonumber(ARGV[3 * i - 1])
  local backlog, isBeyond = read(key, tolerance)
  if isBeyond then write(key, tolerance) end
  backlogs[i] = backlog
  if backlog + increment > tolerance then refused[ARGV[3 * i]] = true end
end
if not refused['0'] then
  for i, key in ipairs(KEYS) do
    if not refused[ARGV[3 * i]] then write(key, backlogs[i] + tonumber(ARGV[3 * i - 2])) end
  end
end
return backlogs
`;

/** `Buckets.adjust` for one bucket, KEYS[1]. ARGV: increment and tolerance. */
export const adjustScript = `${bucket}
local tolerance = tonumber(ARGV[2])
local backlog = math.min(read(KEYS[1], tolerance) + tonumber(ARGV[1]), tolerance)
if backlog > 0 then write(KEYS[1], backlog) else redis.call('DEL', KEYS[1]) end
`;

export const takeNowScript = redisNow + takeScript;
export const adjustNowScript = redisNow + adjustScript;
