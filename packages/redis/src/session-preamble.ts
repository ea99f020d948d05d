/**
 * What happens to a session inside Redis, each call in one atomic step. Keys of a session share a hash tag, so that a cluster keeps them
 * together:
 *
 * - The hash of the session itself: whose it is, its holder, its version and serials, and when it is out of time. `open` and `kept` count the
 *   fields of the other two, so that it shows if one of those was evicted.
 * - The hash `pending`: serial -> holder (nothing if none), space, `1` if it was seized or `0`, message.
 * - The hash `results`: serial -> result, for what the client has not settled.
 *
 * `history` is Redis's own name for its data set (`master_replid`): another one when it was restarted, restored, or failed over, and also when it failed
 * over and back, which its run id would not show. What was written under another one may lack its end, and is `gone`.
 */
import { CLOCK } from './node-scripts.ts'

/** Fields that one command takes at most: `unpack` has its limits. */
const CHUNK = 1_000

/** Arguments of every script: for how long (ms) a session is kept, and its tombstone; `1` to trust another history. */
export const PREAMBLE: string =
  CLOCK +
  `
local key, pending, results = KEYS[1], KEYS[2], KEYS[3]
local window, tombstone, isTrusted = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3] == '1'

local proof, identity, codec, createdAt, incarnation, holder, version, received, handled, settled, open, kept, endsAt, buried, writtenIn, farewell, inboxes =
  unpack(redis.call('HMGET', key, 'proof', 'identity', 'codec', 'createdAt', 'incarnation', 'holder', 'version', 'received', 'handled',
    'settled', 'open', 'kept', 'endsAt', 'buried', 'history', 'farewell', 'inboxes'))
incarnation, version, received, handled = tonumber(incarnation), tonumber(version), tonumber(received), tonumber(handled)
settled, open, kept, endsAt = tonumber(settled), tonumber(open), tonumber(kept), tonumber(endsAt)

local function isGone()
  if buried == '1' or (writtenIn ~= history and not isTrusted) then return true end
  return endsAt <= now and open == 0
end
local function save()
  redis.call('HSET', key, 'incarnation', int(incarnation), 'holder', holder, 'version', int(version), 'received', int(received),
    'handled', int(handled), 'settled', int(settled), 'open', int(open), 'kept', int(kept), 'endsAt', int(endsAt),
    'buried', buried, 'history', writtenIn, 'farewell', farewell)
end
local function expire(...)
  for _, each in ipairs({...}) do redis.call('PEXPIREAT', each, int(endsAt + tombstone)) end
end
local function keepUntil(at)
  endsAt = at
  save()
  expire(key, pending, results)
end
local function chunks(command, of, fields)
  local sum = 0
  for i = 1, #fields, ${CHUNK} do
    sum = sum + redis.call(command, of, unpack(fields, i, math.min(i + ${CHUNK - 1}, #fields)))
  end
  return sum
end
local function ownerOf(value)
  local space = string.find(value, ' ', 1, true)
  return string.sub(value, 1, space - 1), string.sub(value, space + 1, space + 1), string.sub(value, space + 2)
end
local function settle(upTo)
  upTo = math.min(upTo, handled)
  if kept > 0 then
    local fields = {}
    for serial = settled + 1, upTo do fields[#fields + 1] = int(serial) end
    kept = kept - chunks('HDEL', results, fields)
  end
  settled = math.max(settled, upTo)
end
-- What this holder still has pending of the serials at ARGV[from], every 'step' arguments, is passed to 'each'.
local function eachOf(by, from, count, step, each)
  if open == 0 then return end
  for start = 0, count - 1, ${CHUNK} do
    local serials = {}
    for i = start, math.min(start + ${CHUNK}, count) - 1 do serials[#serials + 1] = ARGV[from + i * step] end
    local values = redis.call('HMGET', pending, unpack(serials))
    for i, serial in ipairs(serials) do
      if values[i] then
        local owner, again, message = ownerOf(values[i])
        if owner == by then each(serial, ARGV[from + (start + i - 1) * step + 1], again .. message) end
      end
    end
  end
end
local function finish(by, from, count)
  local gone, new = {}, {}
  eachOf(by, from, count, 2, function(serial, result)
    gone[#gone + 1] = serial
    if result ~= '' then
      new[#new + 1] = serial
      new[#new + 1] = result
    end
  end)
  if #gone == 0 then return end
  open = open - chunks('HDEL', pending, gone)
  local before = kept
  kept = kept + chunks('HSET', results, new)
  if before == 0 and kept > 0 then expire(results) end
end
local function release(by, from, count)
  eachOf(by, from, count, 1, function(serial, _, rest) redis.call('HSET', pending, serial, ' ' .. rest) end)
end
local function advance()
  if open == 0 then handled = received end
  while handled < received and redis.call('HEXISTS', pending, int(handled + 1)) == 0 do handled = handled + 1 end
end
local function isWhole()
  return redis.call('HLEN', pending) == open and redis.call('HLEN', results) == kept
end
`
