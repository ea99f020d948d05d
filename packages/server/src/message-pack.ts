/** `@holdfast/server/message-pack`: an entry of its own, so that only who imports it needs `@msgpack/msgpack`. */
export { messagePack } from '@holdfast/protocol/message-pack'
