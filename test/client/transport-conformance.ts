// What every transport keeps to (packages/client/src/transport.ts), whatever carries its bytes.
import type { DownFrame } from '@holdfast/protocol'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Transport } from '../../packages/client/src/transport.ts'
import { ending, HELLO, openRecorded, until, WELCOME } from './transport-kit.ts'
import type { Recorded } from './transport-kit.ts'

/** The far end of one link. It has sent its welcome when it is handed out. */
export interface Peer {
  /** The hello as it arrived. */
  hello: unknown
  send(frames: DownFrame[]): void
  /** The next frame up, without hello and heads. */
  next(): Promise<unknown[]>
  /** Breaks the link without a word. */
  cut(): void
}

/** A transport and a server for it. */
export interface Harness {
  transport: Transport
  url: string
  /** The next link that is opened. */
  accept(): Promise<Peer>
  /** Sockets, or requests without a complete answer. */
  readonly open: number
  close(): Promise<void>
}

const event = (offset: number, data: unknown = null): DownFrame => ['event', 'chat', offset, data]
const send = (serial: number, data: unknown = null): string => JSON.stringify(['send', serial, 'chat', data])
const downOf = ({ log }: Recorded): DownFrame[] => log.flatMap((entry) => (entry[0] === 'received' ? entry[1] : []))

export function transportConformance(name: string, makeHarness: () => Promise<Harness>): void {
  describe(`${name} keeps the contract of a transport`, () => {
    let harness: Harness
    beforeEach(async () => {
      harness = await makeHarness()
    })
    afterEach(() => harness.close())

    /** An open link whose welcome has come, and its far end. */
    async function openLink(react?: Parameters<typeof openRecorded>[2]): Promise<Recorded & { peer: Peer }> {
      const recorded = openRecorded(harness.transport, harness.url, react)
      const peer = await harness.accept()
      await until(() => downOf(recorded).length > 0)
      return { ...recorded, peer }
    }
    const nothingLeft = async ({ clock }: Recorded): Promise<void> => {
      await until(() => harness.open === 0)
      expect(clock.armed).toBe(0)
    }
    /** Long enough for anything under way to have arrived: another link has opened and been welcomed meanwhile. */
    async function settle(): Promise<void> {
      const { link } = await openLink()
      link.close()
    }

    test('opens once, after open() has returned, and carries the hello unharmed', async () => {
      const hello = { ...HELLO, credential: { name: 'Zoë 🦑 \u2028 +/=' }, incarnation: 7 }
      const opened = await openLink({ hello })
      expect(opened.peer.hello).toMatchObject(hello)
      expect(opened.log).toEqual([['opened'], ['received', [WELCOME]]])
      opened.link.close()
    })

    test('delivers packets in order, each once', async () => {
      const opened = await openLink()
      const frames = Array.from({ length: 300 }, (_, i) => event(i + 1, 'ø🦑'.repeat(i)))
      for (const frame of frames) opened.peer.send([frame])
      await until(() => downOf(opened).length > 300)
      expect(downOf(opened).slice(1)).toEqual(frames)
      opened.link.close()
    })

    test('delivers a packet of a megabyte whole', async () => {
      const opened = await openLink()
      const frame = event(1, 'é'.repeat(500_000))
      opened.peer.send([frame])
      await until(() => downOf(opened).length > 1)
      expect(downOf(opened)[1]).toEqual(frame)
      opened.link.close()
    })

    test('sends frames in order, each once, and counts down what is buffered', async () => {
      const { link, peer } = await openLink()
      const sent: string[] = []
      for (let serial = 1; serial <= 300; serial++) {
        const frame = send(serial, 'ø🦑'.repeat(serial * 3))
        sent.push(frame)
        link.send([frame])
      }
      for (const frame of sent) expect(JSON.stringify(await peer.next())).toBe(frame)
      await until(() => link.buffered === 0)
      link.close()
    })

    test('close() is immediate and final: no event comes, and nothing is left', async () => {
      const opened = await openLink()
      const { log, link, peer } = opened
      link.send([send(1)])
      peer.send([event(1)])
      const before = log.length
      link.close()
      peer.send([event(2)])
      peer.cut()
      await settle()
      await nothingLeft(opened)
      expect(log).toHaveLength(before)
    })

    test('close() before it has opened leaves nothing, and no event comes', async () => {
      const early = openRecorded(harness.transport, harness.url)
      early.link.close()
      await settle()
      await nothingLeft(early)
      expect(early.log).toEqual([])
    })

    test('closing and sending again after close() does nothing', async () => {
      const opened = await openLink()
      opened.link.close()
      opened.link.close([send(1)])
      opened.link.send([send(2)])
      await settle()
      await nothingLeft(opened)
      expect(opened.log).toHaveLength(2)
    })

    test('close(last) gives the last frames to the far end', async () => {
      const opened = await openLink()
      opened.link.close([JSON.stringify(['bye'])])
      expect(await opened.peer.next()).toEqual(['bye'])
      await settle()
      await nothingLeft(opened)
    })

    test('a link that the far end breaks is dropped once, and has cleaned up by then', async () => {
      const opened = await openLink({
        react(happening, link) {
          if (happening[0] !== 'dropped') return
          link.send([send(1)])
          link.close()
        },
      })
      opened.peer.cut()
      const cause = await ending(opened)
      expect(cause.code).toBe(1006)
      await nothingLeft(opened)
      expect(opened.log.filter(([type]) => type === 'dropped')).toHaveLength(1)
      expect(opened.log.at(-1)![0]).toBe('dropped')
    })

    test('a link that is closed within an event tells nothing more', async () => {
      const opened = await openLink({
        react(happening, link) {
          if (happening[0] === 'received' && happening[1].some(([type]) => type === 'event')) link.close()
        },
      })
      opened.peer.send([event(1)])
      opened.peer.send([event(2)])
      await until(() => downOf(opened).length > 1)
      await settle()
      await nothingLeft(opened)
      // Polls may have put both into one packet, which is then the last one.
      expect(downOf(opened).slice(0, 2)).toEqual([WELCOME, event(1)])
      expect(opened.log).toHaveLength(3)
    })

    test('a link that is closed within `opened` tells nothing more', async () => {
      const early = openRecorded(harness.transport, harness.url, {
        react: ([type], link) => type === 'opened' && link.close(),
      })
      await harness.accept()
      await until(() => early.log.length > 0)
      await settle()
      await nothingLeft(early)
      expect(early.log).toEqual([['opened']])
    })

    test('where nobody listens the link is dropped once, without having opened', async () => {
      const { url } = harness
      await harness.close()
      const refused = openRecorded(harness.transport, url)
      expect((await ending(refused)).code).toBe(1006)
      expect(refused.log).toHaveLength(1)
      expect(refused.clock.armed).toBe(0)
      harness = await makeHarness()
    })

    test('fifty links, one after another, leave nothing behind', async () => {
      for (let i = 0; i < 50; i++) {
        const opened = await openLink()
        opened.link.send([send(1)])
        if (i % 2) opened.link.close()
        else {
          opened.peer.cut()
          await ending(opened)
        }
        expect(opened.clock.armed).toBe(0)
      }
      await until(() => harness.open === 0)
    })
  })
}
