export { RedisLogError } from './errors.ts'
export type { RedisLogOptions } from './options.ts'
export { redisLog } from './redis-log.ts'
