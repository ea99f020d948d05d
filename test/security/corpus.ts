/**
 * What has broken others, as bytes: each entry is named by its lesson and says whose it was. It is fixed: an entry may be added, none goes.
 * `refused` says that it is no packet of ours; all others are packets like any, and harmless.
 */

export interface Lesson<T> {
  readonly lesson: string
  /** Where it was learnt. */
  readonly from: string
  readonly refused: boolean
  readonly input: T
}

const times = <T>(count: number, make: (n: number) => T): T[] => Array.from({ length: count }, (_, n) => make(n))
const refused = <T>(lesson: string, from: string, ...inputs: T[]): Lesson<T>[] =>
  inputs.map((input) => ({ lesson, from, refused: true, input }))
const harmless = <T>(lesson: string, from: string, ...inputs: T[]): Lesson<T>[] =>
  inputs.map((input) => ({ lesson, from, refused: false, input }))

/** Text where a packet of frames up is expected. */
export const packets: readonly Lesson<string>[] = [
  ...harmless(
    'prototype pollution by the keys of a payload',
    'CVE-2022-2421',
    '[["volatile","a",{"__proto__":{"polluted":1}}]]',
    '[["volatile","a",{"constructor":{"prototype":{"polluted":1}}}]]',
    '[["send",1,"__proto__",{"__proto__":null}],["send",2,"constructor",1],["subscribe","__proto__"],["unsubscribe","toString"]]',
  ),
  ...refused(
    'frame types that are names of Object.prototype',
    'GHSA-5v72-xg48-5rpm (ws)',
    '[["__proto__"]]',
    '[["constructor"]]',
    '[["hasOwnProperty","a"]]',
    '[["toString",1]]',
  ),
  ...refused(
    'fields that come by a prototype instead of the object',
    'GHSA-5v72-xg48-5rpm (ws)',
    '[["hello",{"__proto__":{"version":1,"session":null,"incarnation":1,"settled":0,"subscriptions":[]}}]]',
    '[["hello",[]]]',
    '[["hello","constructor"]]',
  ),
  ...refused(
    'nesting without end',
    'CVE-2020-36049',
    '['.repeat(500_000),
    `[["volatile","a",${'['.repeat(100_000)}${']'.repeat(100_000)}]]`,
    `[["volatile","a",${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}]]`,
  ),
  ...harmless('breadth instead of depth', 'CVE-2020-36049', `[["volatile","a",[${'[],'.repeat(200_000)}1]]]`),
  ...refused(
    'numbers that are none to count with',
    'socket.io#5539',
    ...['-1', '-0', '1.5', '1e309', '9007199254740992', '9007199254740993', '"9"', '[9]', 'true', 'null'].map(
      (n) => `[["send",${n},"a",1]]`,
    ),
    '[["settled",-1]]',
    '[["subscribe","a",["e",1e400,0]]]',
  ),
  ...harmless(
    'serials as far away as they go',
    'CVE-2026-33151',
    '[["send",9007199254740991,"a",1]]',
    '[["ping",1e3]]',
  ),
  ...refused(
    'counts of parts that are to follow',
    'CVE-2023-32695, CVE-2026-33151',
    '51-["a",{"_placeholder":true,"num":0}]',
    '59999999999-["a"]',
    '[["send",1,"a",1,"id",4294967295]]',
    '[["post","x",1,1,999999999]]',
  ),
  ...harmless('placeholders of parts', 'CVE-2022-2421', '[["send",1,"a",{"_placeholder":true,"num":1e9}]]'),
  ...refused(
    'CR, LF, NUL and line separators in names',
    'CVE-2026-44214, CVE-2026-44217, GHSA-4hxc-9384-m385',
    '[["subscribe","a\\r\\ndata: forged"]]',
    '[["subscribe","a\\n\\n"]]',
    '[["send",1,"a\\rid: 9",1]]',
    '[["unsubscribe","a\\u0000"]]',
    '[["volatile","a\\u2028b",1]]',
    '[["volatile","a\\u2029b",1]]',
    '[["subscribe","a\\u007f"]]',
  ),
  ...harmless(
    'CR and LF where text is free',
    'CVE-2026-44214',
    '[["send",1,"a","x\\r\\ndata: forged\\r\\n\\r\\nid: 9"]]',
    '[["send",1,"a",1,"x\\r\\n.1"]]',
  ),
  ...refused(
    'names without end',
    'CVE-2021-32640',
    `[["subscribe","${'a'.repeat(257)}"]]`,
    `[["send",1,"a",1,"${'b'.repeat(100_000)}"]]`,
    `[["post","${'c'.repeat(257)}",1,1]]`,
  ),
  ...refused(
    'other types where a string or a buffer is expected',
    'CVE-2016-10518, CVE-2026-45736',
    '[["ping",{"type":"Buffer","data":[1]}]]',
    '[["subscribe",100000]]',
    '[["subscribe",{"length":1e9}]]',
    '[["subscribe",["a"]]]',
    '[["bye",1000000000]]',
    '{"0":["ping",1],"length":1}',
    '"[[\\"ping\\",1]]"',
  ),
  ...refused(
    'one bad frame behind good ones',
    'CVE-2022-21676',
    '[["ping",1],["ping",2],["pong",3]]',
    '[["ping",1],7]',
  ),
  ...refused(
    'text that only looks like JSON',
    'CVE-2022-41940',
    '',
    '\ufeff[["ping",1]]',
    '[["ping",1]]\u0000',
    '[["ping",1]] [["ping",2]]',
    "[['ping',1]]",
    '[["ping",0x1]]',
    '[["ping",1],]',
    'NaN',
  ),
  ...harmless(
    'text that is JSON in a strange dress',
    'own reasoning',
    ' \n\t[ ["ping" , 1.0e0 ] ]\r\n',
    '[["volatile","a","\\ud800"]]',
    '[["volatile","a",{"a":1,"a":2}]]',
    `[["volatile","a","${'\\u0000'.repeat(50_000)}"]]`,
    `[["volatile","a",${'9'.repeat(100_000)}]]`,
  ),
  ...harmless(
    'much asked for in little',
    'CVE-2026-48779',
    `[${times(20_000, (n) => `["ping",${n}]`).join()}]`,
    `[${times(20_000, (n) => `["subscribe","t${n}"]`).join()}]`,
    `[${times(20_000, (n) => `["volatile","t${n}",0]`).join()}]`,
  ),
]

const bytes = (hex: string, ...more: number[]): Uint8Array<ArrayBuffer> =>
  Uint8Array.from([...Buffer.from(hex.replaceAll(' ', ''), 'hex'), ...more])
/** `[["volatile","a", <value>]]` */
const around = (hex: string): Uint8Array<ArrayBuffer> =>
  bytes('91 93 a8' + Buffer.from('volatile').toString('hex') + 'a1 61' + hex)

/** Bytes where a packet of frames up in MessagePack is expected. */
export const binary: readonly Lesson<Uint8Array<ArrayBuffer>>[] = [
  ...refused(
    'arrays and maps of four billion',
    'CVE-2026-33151',
    bytes('dd ff ff ff ff'),
    around('df ff ff ff ff'),
    around('dd 7f ff ff ff'),
  ),
  ...refused(
    'strings and bytes beyond the end',
    'CVE-2016-10518',
    around('db ff ff ff ff 61'),
    around('c6 ff ff ff ff'),
    around('a5 61'),
  ),
  ...refused('nesting without end', 'CVE-2020-36049', bytes('91'.repeat(100_000)), bytes('81 a1 61'.repeat(100_000))),
  ...refused('keys named __proto__', 'CVE-2022-2421', around('81 a9 5f 5f 70 72 6f 74 6f 5f 5f 01')),
  ...refused(
    'keys that are no strings',
    'CVE-2022-2421',
    around('81 01 01'),
    around('81 c0 01'),
    around('81 91 01 01'),
  ),
  ...refused(
    'extension types and timestamps',
    'own reasoning',
    around('c7 01 05 00'),
    around('d6 ff 00 00 00 00'),
    around('c1'),
  ),
  ...refused(
    'numbers that are none to count with',
    'socket.io#5539',
    bytes('91 92 a4 70 69 6e 67 cf 00 20 00 00 00 00 00 00'),
    bytes('91 92 a4 70 69 6e 67 cb 7f f8 00 00 00 00 00 00'),
    bytes('91 92 a4 70 69 6e 67 ff'),
  ),
  ...refused(
    'UTF-8 that is none: overlong, cut, surrogates, beyond the end',
    'RFC 3629 §10',
    around('a2 c0 8a'),
    around('a1 ff'),
    around('a2 e2 82'),
    around('a3 ed a0 80'),
    around('a4 f7 bf bf bf'),
    around('81 a2 c0 80 01'),
  ),
  ...refused(
    'JSON in bytes that are no UTF-8',
    'RFC 3629 §10',
    Uint8Array.from(Buffer.from('[["volatile","a","\xff"]]', 'latin1')),
  ),
  ...refused(
    'more than a packet, less than one, none',
    'CVE-2022-41940',
    bytes('91 92 a4 70 69 6e 67 01 90'),
    bytes('91 92 a4 70 69'),
    bytes(''),
    bytes('c0'),
  ),
  ...harmless(
    'bytes, and text beyond ASCII, in a payload',
    'own reasoning',
    around('c4 03 00 ff 5b'),
    around('82 a2 c3 a9 a3 e2 82 ac a1 61 a4 f0 9f a6 91'),
    bytes('93 92 a4 70 69 6e 67 01 92 a7 73 65 74 74 6c 65 64 00 91 a3 62 79 65'),
  ),
]

/** Text where an event stream is expected, with what a reader makes of it: the data of its events. */
export const streams: readonly {
  readonly lesson: string
  readonly from: string
  readonly input: string
  readonly data: readonly string[]
}[] = [
  {
    lesson: 'every end of line',
    from: 'CVE-2026-44214',
    input: 'data: 1\r\rdata: 2\n\ndata: 3\r\n\r\n',
    data: ['1', '2', '3'],
  },
  {
    lesson: 'separators that end no line',
    from: 'CVE-2026-44217',
    input: 'data: a\u2028\u2029\u0085\u000b\u000cb\n\n',
    data: ['a\u2028\u2029\u0085\u000b\u000cb'],
  },
  {
    lesson: 'fields named like a prototype',
    from: 'GHSA-5v72-xg48-5rpm (ws)',
    input: '__proto__: 1\nconstructor: 2\ndata: x\n\n',
    data: ['x'],
  },
  {
    lesson: 'ids and retries that mean nothing',
    from: 'GHSA-4hxc-9384-m385',
    input: 'id: \u0000\nretry: 1e9\nretry: -1\nretry:\ndata: x\n\n',
    data: ['x'],
  },
  { lesson: 'an event that never ends', from: 'CVE-2016-10542', input: 'data: ' + 'x'.repeat(3 * 2 ** 20), data: [] },
  {
    lesson: 'comments and empty events without end',
    from: 'own reasoning',
    input: ':\n\n'.repeat(50_000) + 'data\n\n'.repeat(10),
    data: times(10, () => ''),
  },
]
