/** Randomness: one source for jitter, names and secrets. */
import { randomInt } from 'node:crypto'

/** A number from 0 up to 1, cryptographically strong by default, since session tokens are made of it. */
export type Random = () => number

const RANGE = 2 ** 47

export const strongRandom: Random = () => randomInt(RANGE) / RANGE

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** A name of so many characters, 6 random bits each, fit for a URL. */
export function randomName(random: Random, length: number): string {
  let name = ''
  while (name.length < length) {
    let bits = Math.floor(random() * 2 ** 24)
    for (let i = 0; i < 4; i++, bits >>= 6) name += ALPHABET[bits & 63]
  }
  return name.slice(0, length)
}
