/**
 * What happens to a topic inside Redis, each operation in one atomic step. Keys of a topic share a hash tag, so that a cluster keeps them
 * together:
 *
 * - The stream `log`: entry `7-0` has offset 7, its fields are data, check, time and dedupe id.
 * - The hash `meta`: epoch, top offset, `base` (the offset before the oldest entry kept) with its check, and the bytes kept.
 * - The hash `ids`: dedupe id -> offset, of entries still kept.
 *
 * Where `meta` is gone, the topic is made anew under another epoch. Where only the stream is gone (it was evicted), what it held is lost: the
 * check of `base` is then one that no position has, and subscribers learn of a gap.
 */

/** Most entries that one step forgets: Redis does nothing else meanwhile. */
const TRIM_MOST = 1_000

/**
 * Arguments of every script: the epoch for a topic made anew, for how long (ms) a topic is kept that nobody uses, most entries, most bytes,
 * longest age (ms).
 */
const PREAMBLE = `
local log, meta, ids = KEYS[1], KEYS[2], KEYS[3]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local int = function(n) return string.format('%.0f', n) end

local epoch, top, base, baseCheck, bytes, touched =
  unpack(redis.call('HMGET', meta, 'epoch', 'top', 'base', 'baseCheck', 'bytes', 'touched'))
local isNew = not epoch
if isNew then
  redis.call('DEL', log, ids)
  epoch, top, base, baseCheck, bytes, touched = ARGV[1], 0, 0, '0', 0, 0
end
top, base, bytes, touched = tonumber(top), tonumber(base), tonumber(bytes), tonumber(touched)

local function entryAt(offset)
  local found = redis.call('XRANGE', log, int(offset) .. '-0', int(offset) .. '-0')[1]
  return found and found[2]
end
if top > base and not entryAt(top) then
  base, baseCheck, bytes = top, '-1', 0
  redis.call('DEL', log, ids)
end
local function checkAt(offset)
  if offset == 0 then return '0' end
  if offset == base then return baseCheck end
  return entryAt(offset)[4]
end
local function isOn(claimed, offset, check)
  return claimed == epoch and offset >= base and offset <= top and check == checkAt(offset)
end
local function trim()
  local maxMessages, maxBytes, oldest = tonumber(ARGV[3]), tonumber(ARGV[4]), now - tonumber(ARGV[5])
  local from = base
  while base < top and base - from < ${TRIM_MOST} do
    local fields = entryAt(base + 1)
    local isOver = top - base > maxMessages or bytes > maxBytes
    if not isOver and tonumber(fields[6]) > oldest then break end
    base, baseCheck, bytes = base + 1, fields[4], bytes - #fields[2]
    if fields[8] ~= '' then redis.call('HDEL', ids, fields[8]) end
  end
  if base > from then redis.call('XTRIM', log, 'MINID', int(base + 1) .. '-0') end
end
local function save()
  redis.call('HSET', meta, 'epoch', epoch, 'top', int(top), 'base', int(base), 'baseCheck', baseCheck, 'bytes', int(bytes))
end
-- Not with every use: an eighth of the time is exact enough.
local function touch()
  local keep = tonumber(ARGV[2])
  if now - touched < keep / 8 then return end
  redis.call('HSET', meta, 'touched', int(now))
  for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ARGV[2]) end
end
`

/** + data, check, dedupe id, channel. Returns epoch, offset, check. */
export const APPEND: string =
  PREAMBLE +
  `
local data, check, id, channel = ARGV[6], ARGV[7], ARGV[8], ARGV[9]

if id ~= '' then
  local before = redis.call('HGET', ids, id)
  if before then return {epoch, before, entryAt(tonumber(before))[4]} end
end

top = top + 1
redis.call('XADD', log, int(top) .. '-0', 'd', data, 'c', check, 't', int(now), 'i', id)
if id ~= '' then redis.call('HSET', ids, id, int(top)) end
bytes = bytes + #data

local wasEmpty = base == top - 1
trim()
save()
-- A key that has just been made has no time to live yet.
if wasEmpty or (id ~= '' and redis.call('HLEN', ids) == 1) then touched = 0 end
touch()
redis.call('PUBLISH', channel, epoch .. ' ' .. int(top) .. ' ' .. check .. ' ' .. data)
return {epoch, int(top), check}
`

/** + epoch, offset, check of a position, or an empty epoch for none. Returns epoch, offset, check of where to go on, and 1 if rolled back. */
export const LOCATE: string =
  PREAMBLE +
  `
local claimed, offset, check, isAsked = ARGV[6], tonumber(ARGV[7]), ARGV[8], ARGV[9]
trim()
save()
if isNew then touched = 0 end
touch()
if isAsked == '0' then return {epoch, int(top), checkAt(top), 0} end
if isOn(claimed, offset, check) then return {epoch, int(offset), check, 0} end
local isLost = claimed == epoch and (offset > top or (offset >= base and check ~= checkAt(offset)))
return {epoch, int(base), baseCheck, isLost and 1 or 0}
`

/** + epoch, offset, check of a position, most entries, most bytes. Returns nil, or the top, then offset, check and data of each entry. */
export const READ: string =
  PREAMBLE +
  `
local claimed, offset, check = ARGV[6], tonumber(ARGV[7]), ARGV[8]
local events, room = tonumber(ARGV[9]), tonumber(ARGV[10])
if isNew or not isOn(claimed, offset, check) then return nil end
local page = {int(top)}
local count = 0
while offset < top and count < events do
  local part = redis.call('XRANGE', log, int(offset + 1) .. '-0', '+', 'COUNT', math.min(64, events - count))
  for _, entry in ipairs(part) do
    local fields = entry[2]
    room = room - #fields[2]
    if room < 0 and count > 0 then return page end
    offset, count = offset + 1, count + 1
    page[#page + 1] = int(offset)
    page[#page + 1] = fields[4]
    page[#page + 1] = fields[2]
  end
end
return page
`
