import { epochLength } from './entry.ts';

/** Digits of a number that is read from a sequence: so many are exact. */
export const maxDigits = 15;

/**
 * The log as it is, or a new one where it is missing, incomplete or not as it is written here: the last tag always has the
 * last number, and whoever evicted or overwrote one of the two keys has lost invalidations. What a process could not read
 * must not pass for a log: it would be read again and again, and nothing kept until somebody deletes it.
 */
const currentLog = `
local function typeOf(key)
  return redis.call('TYPE', key).ok
end
local function write(epoch, number, floor)
  local text = string.format('%s:%d:%d', epoch, number, floor)
  redis.call('SET', KEYS[1], text)
  return text
end
local function current()
  local text = typeOf(KEYS[1]) == 'string' and redis.call('GET', KEYS[1]) or ''
  local epoch, number, floor = string.match(text, '^([%w_-]+):(%d+):(%d+)$')
  local kind = typeOf(KEYS[2])
  local isReadable = epoch and #epoch == ${epochLength} and #number <= ${maxDigits} and tonumber(floor) <= tonumber(number)
  if isReadable and (kind == 'zset' or kind == 'none') then
    local last = redis.call('ZRANGE', KEYS[2], -1, -1, 'WITHSCORES')
    if tonumber(last[2] or 0) == tonumber(number) then
      return epoch, tonumber(number), tonumber(floor), text
    end
  end
  redis.call('DEL', KEYS[1], KEYS[2])
  local new = write(ARGV[1], 0, 0)
  redis.call('PUBLISH', KEYS[1], cjson.encode({ new }))
  return ARGV[1], 0, 0, new
end
`;

/** Keys: sequence, log. Arguments: an epoch in case there is none, the epoch and the number up to which the log is known. */
export const readScript = `${currentLog}
local epoch, _, _, text = current()
local since = epoch == ARGV[2] and '(' .. ARGV[3] or '-inf'
local answer = redis.call('ZRANGE', KEYS[2], since, '+inf', 'BYSCORE', 'WITHSCORES')
table.insert(answer, 1, text)
return answer
`;

/** Arguments: an epoch in case there is none, how many tags to keep, the tags. Tells the same as `readScript` to all. */
export const appendScript = `${currentLog}
local epoch, number, floor = current()
number = number + 1
local answer = { '' }
for index = 3, #ARGV do
  redis.call('ZADD', KEYS[2], number, ARGV[index])
  answer[#answer + 1] = ARGV[index]
  answer[#answer + 1] = tostring(number)
end
local excess = redis.call('ZCARD', KEYS[2]) - tonumber(ARGV[2])
if excess > 0 then
  floor = redis.call('ZRANGE', KEYS[2], excess - 1, excess - 1, 'WITHSCORES')[2]
  redis.call('ZREMRANGEBYRANK', KEYS[2], 0, excess - 1)
end
answer[1] = write(epoch, number, floor)
redis.call('PUBLISH', KEYS[1], cjson.encode(answer))
return answer
`;
