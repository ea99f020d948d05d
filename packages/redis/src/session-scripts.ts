/** What each call about a session does inside Redis: one atomic step. What is kept of it is said in `session-preamble.ts`. */
import { PREAMBLE } from './session-preamble.ts'

/** + proof, identity, codec, begin, incarnation, holder. Fails if there is such a session. */
export const CREATE: string =
  PREAMBLE +
  `
if proof then return redis.error_reply('there is such a session already') end
redis.call('DEL', pending, results)
redis.call('HSET', key, 'proof', ARGV[4], 'identity', ARGV[5], 'codec', ARGV[6], 'createdAt', ARGV[7])
incarnation, holder, version, received, handled, settled, open, kept = tonumber(ARGV[8]), ARGV[9], 1, 0, 0, 0, 0, 0
buried, writtenIn, farewell = '0', history, ''
keepUntil(now + window)
return 1
`

/**
 * + proof, identity, codec, incarnation, settled, `mine` or nothing, `fresh`. Returns `gone`, handled, settled and all results, or `claimed`, holder,
 * former, version, begin, received, handled, settled, inboxes, all that is pending and all results, or why not; the history comes second in each.
 */
export const CLAIM: string =
  PREAMBLE +
  `
if not proof or proof ~= ARGV[4] then return {'unknown', history} end
local isOwn = identity == ARGV[5] and codec == ARGV[6]
if isGone() then
  if not isOwn or not isWhole() then return {'unknown', history} end
  return {'gone', history, int(handled), int(settled), redis.call('HGETALL', results)}
end
if identity ~= ARGV[5] then return {'other-identity', history} end
if codec ~= ARGV[6] then return {'other-codec', history} end
if tonumber(ARGV[7]) <= incarnation then return {'stale', history} end
if tonumber(ARGV[8]) > handled then return {'unknown', history} end
if not isWhole() then
  redis.call('DEL', key, pending, results)
  return {'unknown', history}
end
local former = holder
if ARGV[9] ~= holder then holder = ARGV[10] end
incarnation, farewell, writtenIn = tonumber(ARGV[7]), '', history
settle(tonumber(ARGV[8]))
keepUntil(now + window)
local waiting = redis.call('HGETALL', pending)
for i = 2, #waiting, 2 do
  if string.sub(waiting[i], 1, 1) == ' ' then
    waiting[i] = holder .. waiting[i]
    redis.call('HSET', pending, waiting[i - 1], waiting[i])
  end
end
return {'claimed', history, holder, former, int(version), createdAt, int(received), int(handled), int(settled), inboxes, waiting,
  redis.call('HGETALL', results)}
`

/**
 * + holder, version, settled, inboxes or nothing, first serial taken; how many are taken, and each message or nothing; how many are finished, and each
 * serial with result or nothing; the serials released. Returns `written`, `fenced` with the holder, or `lost`; the history comes second.
 */
export const WRITE: string =
  PREAMBLE +
  `
if not proof then return {'lost', history} end
local by, taken = ARGV[4], tonumber(ARGV[9])
local finished = tonumber(ARGV[10 + taken])
local afterFinished = 11 + taken + finished * 2
local function record()
  finish(by, 11 + taken, finished)
  release(by, afterFinished, #ARGV - afterFinished + 1)
  advance()
end
local isLost = isGone()
if isLost or by ~= holder then
  record()
  -- Made again, though the first time had taken them in: it is told that nothing was, so nobody has started them, nor will.
  for i = 1, taken do
    local serial = int(tonumber(ARGV[8]) + i - 1)
    local value = redis.call('HGET', pending, serial)
    if value and ownerOf(value) == by then redis.call('HSET', pending, serial, string.sub(value, #by + 1)) end
  end
  save()
  return isLost and {'lost', history} or {'fenced', history, holder}
end
local claimed = tonumber(ARGV[5])
if claimed == version - 1 then return {'written', history} end
if claimed > version then
  -- It has been written since, and that is not here any more.
  buried = '1'
  save()
end
if claimed ~= version or (taken > 0 and tonumber(ARGV[8]) ~= received + 1) then return {'lost', history} end
if taken > 0 then
  local new = {}
  for i = 1, taken do
    local message = ARGV[9 + i]
    if message ~= '' then
      new[#new + 1] = int(received + i)
      new[#new + 1] = by .. ' 0' .. message
    end
  end
  received = received + taken
  local before = open
  open = open + chunks('HSET', pending, new)
  if before == 0 and open > 0 then expire(pending) end
end
record()
settle(tonumber(ARGV[6]))
if ARGV[7] ~= '' then redis.call('HSET', key, 'inboxes', ARGV[7]) end
version = version + 1
save()
return {'written', history}
`

/** + holder, and the holders from whom. Returns `lost`, `fenced` with the holder, or `seized`, all that is pending without messages, and all results. */
export const SEIZE: string =
  PREAMBLE +
  `
if not proof or isGone() then return {'lost', history} end
if ARGV[4] ~= holder then return {'fenced', history, holder} end
local isFrom = {}
for i = 5, #ARGV do isFrom[ARGV[i]] = true end
local waiting = redis.call('HGETALL', pending)
local told = {}
for i = 1, #waiting, 2 do
  local owner, again, message = ownerOf(waiting[i + 1])
  if isFrom[owner] then
    if owner ~= '' then again = '1' end
    owner = holder
    redis.call('HSET', pending, waiting[i], owner .. ' ' .. again .. message)
  end
  told[#told + 1] = waiting[i]
  told[#told + 1] = owner .. ' ' .. again
end
return {'seized', history, told, redis.call('HGETALL', results)}
`

/** + holder. Returns whether it has the session. */
export const TOUCH: string =
  PREAMBLE +
  `
if not proof or isGone() or ARGV[4] ~= holder then return 0 end
farewell = ''
keepUntil(now + window)
return 1
`

/** + holder, farewell or nothing. */
export const DETACH: string =
  PREAMBLE +
  `
if not proof or isGone() or ARGV[4] ~= holder then return 0 end
farewell = ARGV[5]
keepUntil(now + window)
return 1
`

/** + holder, farewell or nothing. Returns whether it had the session, though it may be out of time: then the tombstone is not kept any longer. */
export const BURY: string =
  PREAMBLE +
  `
if not proof or buried == '1' or ARGV[4] ~= holder then return 0 end
buried, farewell = '1', ARGV[5]
keepUntil(math.min(now, endsAt))
return 1
`

/** + incarnation. Returns whether there was a session. */
export const END: string =
  PREAMBLE +
  `
if not proof or tonumber(ARGV[4]) < incarnation then return 0 end
redis.call('DEL', key, pending, results)
return buried == '1' and 0 or 1
`

/** + proof, or nothing: then tombstones are passed over. Returns nil, or holder, incarnation and farewell. */
export const FIND: string =
  PREAMBLE +
  `
if not proof or (ARGV[4] == '' and isGone()) or (ARGV[4] ~= '' and ARGV[4] ~= proof) then return nil end
return {holder, int(incarnation), farewell}
`
