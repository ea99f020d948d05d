/** What Redis does about nodes, each in one atomic step; and its clock, by which everything of sessions goes. */

/** What all scripts about sessions and nodes begin with. */
export const CLOCK: string = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local int = function(n) return string.format('%.0f', n) end
local history = string.match(redis.call('INFO', 'replication'), 'master_replid:(%w+)')
if not history then error('INFO does not tell master_replid') end
`

/** Key: a node. Arguments: its lease, and how long it may be asked for, both in ms. */
export const LIVE: string =
  CLOCK +
  `
redis.call('SET', KEYS[1], history .. ' ' .. int(now) .. ' ' .. ARGV[1], 'PX', ARGV[2])
return 1
`

/**
 * Key: a node. Returns whether it has shown life. Who did so under another history could not since: it has as long again from the first time that it
 * is asked for.
 */
export const IS_ALIVE: string =
  CLOCK +
  `
local written, at, lease = string.match(redis.call('GET', KEYS[1]) or '', '^(%w+) (%d+) (%d+)$')
if not written then return 0 end
if written ~= history then
  redis.call('SET', KEYS[1], history .. ' ' .. int(now) .. ' ' .. lease, 'KEEPTTL')
  return 1
end
return now - tonumber(at) < tonumber(lease) and 1 or 0
`

/** Key: a node, which places the call. Arguments: its channel, a message. Returns how many subscribers of this server were told. */
export const TELL: string = `return redis.call('PUBLISH', ARGV[1], ARGV[2])`

/** Key: anything. Something for replicas to receive, and the history that they receive. */
export const MARK: string = CLOCK + `redis.call('SET', KEYS[1], '', 'PX', 1000) return history`
