export { RedisError } from './errors.ts'
export type { RedisConnectionOptions, RedisLogOptions, RedisSessionsOptions } from './options.ts'
export { redisLog } from './redis-log.ts'
export { redisSessions } from './redis-sessions.ts'
