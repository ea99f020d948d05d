// oxlint-disable unicorn/prefer-add-event-listener -- the attributes are among what is tested
// What a WebSocket is, case by case, as the platform's tests have it: run against classes of the platform and against ours, in Node and in pages.

export interface Case {
  readonly title: string
  /** The library `ws` differs from the platform here. */
  readonly isStrict?: true
  /** `url` echoes, see far-side.ts. What is returned is compared with `expected`. */
  run(Class: typeof WebSocket, url: string): unknown
  readonly expected: unknown
  /** What Chromium does where it is not what the standard says. */
  readonly inChromium?: unknown
}

type Told = readonly [type: string, ...details: unknown[]]

/** The name of what is thrown, `none` if nothing is. */
function thrown(act: () => unknown): string {
  try {
    act()
    return 'none'
  } catch (error) {
    return (error as Error).name
  }
}
const next = <E extends Event = Event>(socket: WebSocket, type: string): Promise<E> =>
  new Promise((resolve) => socket.addEventListener(type, (event) => resolve(event as E), { once: true }))
async function open(Class: typeof WebSocket, url: string, protocols?: string | string[]): Promise<WebSocket> {
  const socket = new Class(url, protocols)
  await next(socket, 'open')
  return socket
}
/** The data of the next so many messages. */
const messages = (socket: WebSocket, count: number): Promise<unknown[]> =>
  new Promise((resolve) => {
    const got: unknown[] = []
    socket.addEventListener('message', ({ data }) => {
      if (got.push(data) === count) resolve(got)
    })
  })
/** What became of it, in order. */
function record(socket: WebSocket): Told[] {
  const told: Told[] = []
  socket.addEventListener('open', () => told.push(['open', socket.readyState]))
  socket.addEventListener('message', ({ data }) => told.push(['message', data]))
  socket.addEventListener('error', () => told.push(['error', socket.readyState]))
  socket.addEventListener('close', ({ code, reason, wasClean }) =>
    told.push(['close', code, reason, wasClean, socket.readyState]),
  )
  return told
}
/** Sends, awaits the echo, closes. */
async function echoed(
  Class: typeof WebSocket,
  url: string,
  data: string | Blob | ArrayBuffer | ArrayBufferView<ArrayBuffer>,
  type: BinaryType = 'arraybuffer',
): Promise<unknown> {
  const socket = await open(Class, url)
  socket.binaryType = type
  socket.send(data)
  const { data: answer } = await next<MessageEvent>(socket, 'message')
  socket.close()
  await next(socket, 'close')
  if (answer instanceof Blob) return ['blob', ...new Uint8Array(await answer.arrayBuffer())]
  return answer instanceof ArrayBuffer ? [...new Uint8Array(answer)] : answer
}
const bytes = (...values: number[]): Uint8Array<ArrayBuffer> => Uint8Array.from(values)
const names = ['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED'] as const

/** Opens, does that, and tells what became of it. */
const afterOpen =
  (act: (socket: WebSocket) => void) =>
  async (Class: typeof WebSocket, url: string): Promise<Told[]> => {
    const socket = await open(Class, url)
    const told = record(socket)
    act(socket)
    await next(socket, 'close')
    return told
  }
/** Makes one, does that at once, and goes. */
const atOnce =
  <R>(act: (socket: WebSocket, Class: typeof WebSocket) => R) =>
  async (Class: typeof WebSocket, url: string): Promise<R> => {
    const socket = new Class(url)
    socket.onerror = () => {}
    const result = act(socket, Class)
    socket.close()
    await next(socket, 'close')
    return result
  }
const closing = (...args: [code?: unknown, reason?: unknown]) =>
  atOnce((socket) => thrown(() => socket.close(...(args as [number, string]))))
const making = (url: string, protocols?: unknown) => (Class: typeof WebSocket, base: string) =>
  thrown(() => new Class(url.replace('BASE', base), protocols as string[]))

export const cases: readonly Case[] = [
  { title: 'the class has the constants', run: (Class) => names.map((name) => Class[name]), expected: [0, 1, 2, 3] },
  { title: 'so has the prototype', run: (Class) => names.map((name) => Class.prototype[name]), expected: [0, 1, 2, 3] },
  {
    title: 'constants cannot be changed and are enumerable',
    run: (Class) =>
      names
        .flatMap((name) => [Class, Class.prototype].map((on) => Object.getOwnPropertyDescriptor(on, name)))
        .every((one) => one && !one.writable && !one.configurable && one.enumerable),
    expected: true,
  },
  {
    title: 'it is an EventTarget',
    isStrict: true,
    run: (Class) => Class.prototype instanceof EventTarget,
    expected: true,
  },
  { title: 'it is named WebSocket', run: (Class) => Class.name, expected: 'WebSocket' },
  {
    title: 'objects say what they are',
    isStrict: true,
    run: (Class) => Object.prototype.toString.call(Class.prototype),
    expected: '[object WebSocket]',
  },
  {
    title: 'the class needs new',
    run: (Class) => thrown(() => (Class as unknown as () => void)()),
    expected: 'TypeError',
  },
  {
    title: 'the class needs a URL',
    isStrict: true,
    run: (Class) => thrown(() => new (Class as unknown as new () => unknown)()),
    expected: 'TypeError',
  },
  { title: 'the class has one required argument', isStrict: true, run: (Class) => Class.length, expected: 1 },

  { title: 'a URL that is none', run: making('ws://host:99999999/'), expected: 'SyntaxError' },
  { title: 'a URL of another scheme', run: making('mailto:someone@example.com'), expected: 'SyntaxError' },
  { title: 'a URL with a fragment', run: making('BASE#part'), expected: 'SyntaxError' },
  { title: 'a URL with an empty fragment', isStrict: true, run: making('BASE#'), expected: 'SyntaxError' },
  { title: 'a subprotocol with a space', run: making('BASE', 'a b'), expected: 'SyntaxError' },
  { title: 'a subprotocol with a comma', run: making('BASE', ['a,b']), expected: 'SyntaxError' },
  { title: 'an empty subprotocol', run: making('BASE', ''), expected: 'SyntaxError' },
  { title: 'a subprotocol beyond ASCII', run: making('BASE', ['ä']), expected: 'SyntaxError' },
  { title: 'a subprotocol twice', run: making('BASE', ['a', 'a']), expected: 'SyntaxError' },

  {
    title: 'url is serialised',
    run: (Class, url) => atOnce((socket) => socket.url === `${url}/x%20y?z`)(Class, `${url}/x y?z`),
    expected: true,
  },
  {
    title: 'http stands for ws',
    isStrict: true,
    run: (Class, url) => atOnce((socket) => socket.url === `${url}/`)(Class, url.replace('ws', 'http')),
    expected: true,
  },
  {
    title: 'before it is open',
    run: atOnce(({ readyState, protocol, extensions, bufferedAmount }) => [
      readyState,
      protocol,
      extensions,
      bufferedAmount,
    ]),
    expected: [0, '', '', 0],
  },
  {
    title: 'binaryType is blob at first',
    isStrict: true,
    run: atOnce((socket) => socket.binaryType),
    expected: 'blob',
  },
  {
    title: 'binaryType takes nothing else',
    isStrict: true,
    run: atOnce((socket) =>
      (['arraybuffer', 'text', 'blob', ''] as BinaryType[]).map(
        (type) => ((socket.binaryType = type), socket.binaryType),
      ),
    ),
    expected: ['arraybuffer', 'arraybuffer', 'blob', 'blob'],
  },
  {
    title: 'what is read-only stays as it is',
    isStrict: true,
    run: atOnce((socket) =>
      (['url', 'readyState', 'bufferedAmount', 'protocol', 'extensions'] as const).map((name) => {
        const before = socket[name]
        thrown(() => Object.assign(socket, { [name]: 7 }))
        return socket[name] === before
      }),
    ),
    expected: [true, true, true, true, true],
  },

  {
    title: 'sending before it is open',
    isStrict: true,
    run: atOnce((socket) => thrown(() => socket.send('a'))),
    expected: 'InvalidStateError',
  },
  {
    title: 'sending nothing at all',
    isStrict: true,
    run: atOnce((socket) => thrown(() => (socket.send as () => void)())),
    expected: 'TypeError',
  },
  ...[1001, 2999, 5000, 0, 'text', null, -1, 65536 + 1000, NaN].map((code) => ({
    title: `closing with ${String(code)}`,
    isStrict: true as const,
    run: closing(code),
    expected: 'InvalidAccessError',
  })),
  ...[1000, 3000, 4999, 3000.4].map((code) => ({
    title: `closing with ${String(code)} is right`,
    isStrict: true as const,
    run: closing(code, 'x'),
    expected: 'none',
  })),
  { title: 'closing with undefined is closing without', isStrict: true, run: closing(undefined), expected: 'none' },
  {
    title: 'a reason may come without a code',
    isStrict: true,
    run: closing(undefined, 'x'),
    expected: 'none',
    inChromium: 'InvalidAccessError',
  },
  {
    title: 'closing with a reason of 123 bytes',
    isStrict: true,
    run: closing(1000, 'ü'.repeat(61) + 'x'),
    expected: 'none',
  },
  {
    title: 'closing with a reason of 124 bytes',
    isStrict: true,
    run: closing(1000, 'ü'.repeat(62)),
    expected: 'SyntaxError',
  },
  {
    title: 'closing with a long reason and no code',
    isStrict: true,
    run: closing(undefined, 'x'.repeat(124)),
    expected: 'SyntaxError',
    inChromium: 'InvalidAccessError',
  },
  {
    title: 'closing before it is open fails it',
    isStrict: true,
    async run(Class, url) {
      const socket = new Class(url)
      const told = record(socket)
      socket.close(3000, 'why')
      told.push(['now', socket.readyState])
      await next(socket, 'close')
      return told
    },
    expected: [
      ['now', 2],
      ['error', 3],
      ['close', 1006, '', false, 3],
    ],
  },

  { title: 'text comes back', run: (Class, url) => echoed(Class, url, 'Grüße 🪢'), expected: 'Grüße 🪢' },
  { title: 'empty text comes back', run: (Class, url) => echoed(Class, url, ''), expected: '' },
  {
    title: 'text that is no Unicode is mended',
    isStrict: true,
    run: (Class, url) => echoed(Class, url, 'a\uD807b'),
    expected: 'a\uFFFDb',
  },
  {
    title: 'null is text',
    isStrict: true,
    run: (Class, url) => echoed(Class, url, null as unknown as string),
    expected: 'null',
  },
  {
    title: 'an object is text',
    isStrict: true,
    run: (Class, url) => echoed(Class, url, {} as unknown as string),
    expected: '[object Object]',
  },
  {
    title: 'an ArrayBuffer comes back',
    run: (Class, url) => echoed(Class, url, bytes(0, 255, 128).buffer),
    expected: [0, 255, 128],
  },
  {
    title: 'an empty ArrayBuffer comes back',
    run: (Class, url) => echoed(Class, url, new ArrayBuffer(0)),
    expected: [],
  },
  {
    title: 'of a view its part comes back',
    run: (Class, url) => echoed(Class, url, bytes(1, 2, 3, 4).subarray(1, 3)),
    expected: [2, 3],
  },
  {
    title: 'a DataView comes back',
    run: (Class, url) => echoed(Class, url, new DataView(bytes(1, 2, 3).buffer, 1)),
    expected: [2, 3],
  },
  {
    title: 'wider elements come back as bytes',
    run: (Class, url) => echoed(Class, url, new Uint16Array([0x0201])),
    expected: [1, 2],
  },
  {
    title: 'a Blob comes back',
    isStrict: true,
    run: (Class, url) => echoed(Class, url, new Blob([bytes(7, 8)])),
    expected: [7, 8],
  },
  {
    title: 'bytes come as a Blob',
    isStrict: true,
    run: (Class, url) => echoed(Class, url, bytes(9), 'blob'),
    expected: ['blob', 9],
  },
  {
    title: '200,000 bytes come back',
    async run(Class, url) {
      const sent = Uint8Array.from({ length: 200_000 }, (_, i) => i % 251)
      const got = (await echoed(Class, url, sent)) as number[]
      return got.length === sent.length && got.every((value, i) => value === sent[i])
    },
    expected: true,
  },
  {
    title: 'bytes are taken as they are when they are sent',
    isStrict: true,
    async run(Class, url) {
      const socket = await open(Class, url)
      socket.binaryType = 'arraybuffer'
      const both = messages(socket, 2)
      const sent = bytes(1)
      socket.send(new Blob([bytes(0)]))
      socket.send(sent)
      sent[0] = 9
      const got = await both
      socket.close()
      await next(socket, 'close')
      return got.map((data) => new Uint8Array(data as ArrayBuffer)[0])
    },
    expected: [0, 1],
  },
  {
    title: 'order is kept, whatever is sent',
    isStrict: true,
    async run(Class, url) {
      const socket = await open(Class, url)
      socket.binaryType = 'arraybuffer'
      const all = messages(socket, 5)
      socket.send('a')
      socket.send(new Blob([bytes(1)]))
      socket.send('b')
      socket.send(bytes(2))
      socket.send(new Blob([bytes(3)]))
      const got = await all
      socket.close()
      await next(socket, 'close')
      return got.map((data) => (typeof data === 'string' ? data : new Uint8Array(data as ArrayBuffer)[0]))
    },
    expected: ['a', 1, 'b', 2, 3],
  },
  {
    title: 'bufferedAmount counts bytes until they are off',
    isStrict: true,
    async run(Class, url) {
      const socket = await open(Class, url)
      const before = socket.bufferedAmount
      const all = messages(socket, 3)
      socket.send('ü')
      socket.send(bytes(1, 2, 3))
      socket.send(new Blob(['1234']))
      const after = socket.bufferedAmount
      await all
      // Ours counts until the other side has it: an echo may come before that is known.
      while (socket.bufferedAmount) await new Promise((resolve) => setTimeout(resolve))
      socket.close()
      await next(socket, 'close')
      return [before, after]
    },
    expected: [0, 9],
  },
  {
    title: 'what is sent after a close counts and goes nowhere',
    isStrict: true,
    async run(Class, url) {
      const socket = await open(Class, url)
      const told = record(socket)
      socket.close()
      socket.send('ü')
      socket.send(bytes(1))
      const closing = socket.bufferedAmount
      await next(socket, 'close')
      socket.send('x')
      return [closing, socket.bufferedAmount, ...told]
    },
    expected: [3, 4, ['close', 1005, '', true, 3]],
  },

  {
    title: 'the first subprotocol that both have',
    run: async (Class, url) => {
      const socket = await open(Class, url, ['none', 'two', 'three'])
      const { protocol } = socket
      socket.close()
      await next(socket, 'close')
      return protocol
    },
    expected: 'two',
  },
  {
    title: 'no subprotocol in common fails it',
    isStrict: true,
    async run(Class, url) {
      const socket = new Class(url, 'none')
      const told = record(socket)
      await next(socket, 'close')
      return told.map(([type, code]) => [type, code])
    },
    expected: [
      ['error', 3],
      ['close', 1006],
    ],
  },

  {
    title: 'closing with code and reason',
    run: afterOpen((socket) => socket.close(3001, 'Schluß')),
    expected: [['close', 3001, 'Schluß', true, 3]],
  },
  { title: 'closing without', run: afterOpen((socket) => socket.close()), expected: [['close', 1005, '', true, 3]] },
  {
    title: 'closing twice',
    run: afterOpen((socket) => (socket.close(3001), socket.close(3002))),
    expected: [['close', 3001, '', true, 3]],
  },
  {
    title: 'a wrong close leaves it open',
    isStrict: true,
    run: afterOpen((socket) => (thrown(() => socket.close(1001)), socket.close(3003))),
    expected: [['close', 3003, '', true, 3]],
  },
  {
    title: 'what was sent before a close arrives',
    run: afterOpen((socket) => (socket.send('close 4001 first'), socket.close(3001))),
    expected: [['close', 4001, 'first', true, 3]],
  },
  {
    title: 'the other side closes',
    run: afterOpen((socket) => socket.send('close 4321 because')),
    expected: [['close', 4321, 'because', true, 3]],
  },
  {
    title: 'the other side closes without a code',
    run: afterOpen((socket) => socket.send('close')),
    expected: [['close', 1005, '', true, 3]],
  },
  {
    title: 'a connection that breaks is no error, and no clean close',
    run: afterOpen((socket) => socket.send('break')),
    expected: [['close', 1006, '', false, 3]],
  },
  {
    title: 'events are of the platform, and come with what they carry',
    isStrict: true,
    async run(Class, url) {
      const socket = new Class(url)
      const opened = await next(socket, 'open')
      socket.send('x')
      const message = await next<MessageEvent>(socket, 'message')
      socket.close()
      const closed = await next<CloseEvent>(socket, 'close')
      return [
        opened.target === socket,
        message instanceof MessageEvent,
        message.origin === new URL(url).origin,
        [message.data, message.lastEventId, message.ports.length],
        closed instanceof Event,
        typeof CloseEvent === 'undefined' || closed instanceof CloseEvent,
        [opened, message, closed].map(({ bubbles, cancelable }) => bubbles || cancelable),
      ]
    },
    expected: [true, true, true, ['x', '', 0], true, true, [false, false, false]],
  },
  {
    title: 'on… attributes hold functions and null',
    run: atOnce((socket) => {
      const fn = (): void => {}
      return (['onopen', 'onmessage', 'onclose'] as const).map((name) => {
        const before = socket[name]
        socket[name] = fn
        const during = socket[name] === fn
        Object.assign(socket, { [name]: 7 })
        return [before, during, socket[name]]
      })
    }),
    expected: [
      [null, true, null],
      [null, true, null],
      [null, true, null],
    ],
  },
  {
    title: 'an on… attribute keeps its place among the listeners',
    isStrict: true,
    async run(Class, url) {
      const socket = new Class(url)
      const order: unknown[] = []
      socket.onopen = () => order.push('replaced')
      socket.addEventListener('open', () => order.push('listener'))
      socket.onopen = function (event) {
        order.push(this === socket, event.type)
      }
      await next(socket, 'open')
      socket.close()
      await next(socket, 'close')
      return order
    },
    expected: [true, 'open', 'listener'],
  },
  {
    title: 'messages that come while it closes are dropped',
    isStrict: true,
    run: afterOpen((socket) => {
      socket.send('echo')
      socket.close()
    }),
    expected: [['close', 1005, '', true, 3]],
  },
  {
    title: 'a server that is not there fails it',
    isStrict: true,
    async run(Class, url) {
      const socket = new Class(url.replace(/:\d+/, ':9'))
      const told = record(socket)
      await next(socket, 'close')
      return told
    },
    expected: [
      ['error', 3],
      ['close', 1006, '', false, 3],
    ],
  },
]
