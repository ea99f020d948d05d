/** Seeded damage: to values, to text, to bytes. */

const ODD = [
  null,
  true,
  -1,
  0,
  -0,
  1.5,
  2 ** 53,
  1e308,
  '',
  '~',
  '\n',
  '__proto__',
  'constructor',
  [],
  {},
  [[]],
  '\ud800',
]
const JUNK = Array.from('[]{}",:\\0123e-.nutrfals\u0000\u2028é💥')
/** Heads of large lengths and of types that are refused (MessagePack), brackets, the ends of UTF-8. */
const ODD_BYTES = [0x00, 0x5b, 0x7f, 0x80, 0x90, 0xc1, 0xc4, 0xc7, 0xd4, 0xd9, 0xdb, 0xdd, 0xdf, 0xff]

export function pick<T>(random: () => number, list: readonly T[]): T {
  return list[Math.floor(random() * list.length)]!
}

/** Changes one value somewhere in it. */
export function mutateValue(value: unknown, random: () => number): unknown {
  if (random() < 0.2 || typeof value !== 'object' || value === null) return pick(random, ODD)
  if (Array.isArray(value)) {
    const copy: unknown[] = [...value]
    const at = Math.floor(random() * (copy.length + 1))
    if (random() < 0.2) copy.splice(at, 1)
    else copy[at] = mutateValue(copy[at], random)
    return copy
  }
  const key = pick(random, [...Object.keys(value), '__proto__', 'constructor', 'session'])
  // Entries, so that `__proto__` becomes a key of its own, as it does in JSON.
  return Object.fromEntries([...Object.entries(value), [key, mutateValue(undefined, random)]])
}

/** Replaces up to three characters somewhere by another. */
export function mutateText(text: string, random: () => number): string {
  const at = Math.floor(random() * text.length)
  const cut = Math.floor(random() * 4)
  return text.slice(0, at) + pick(random, JUNK) + text.slice(at + cut)
}

/** Changes, drops or adds a few bytes. */
export function mutateBytes(bytes: Uint8Array, random: () => number): Uint8Array<ArrayBuffer> {
  const list = [...bytes.subarray(0, 4_096)]
  for (let times = 1 + Math.floor(random() * 3); times > 0; times--) {
    const at = Math.floor(random() * (list.length + 1))
    list.splice(at, Math.floor(random() * 3), random() < 0.5 ? pick(random, ODD_BYTES) : Math.floor(random() * 256))
  }
  return Uint8Array.from(random() < 0.1 ? list.slice(0, Math.floor(random() * list.length)) : list)
}
