import { createCursor, type Hole, type Position } from '@holdfast/protocol'
import { describe, expect, test } from 'vitest'
import { ensure, forSeeds, type Random } from './random.ts'

describe('a cursor', () => {
  test('takes its place from the first subscribed, without a hole', () => {
    const cursor = createCursor()
    expect(cursor.position).toBeNull()
    expect(cursor.start(['e', 41, 7])).toBeNull()
    expect(cursor.position).toEqual(['e', 41, 7])
  })

  test.each([[null], [['', 0, 0]], [['e', 4, 1]]] as const)('accepts no event before subscribed, from %j', (since) => {
    const cursor = createCursor(since)
    for (const offset of [0, 1, 2, 5, 6]) expect(cursor.judge(offset)).toBe('ahead')
    expect(cursor.position).toEqual(since)
  })

  test('never takes offset 0 for an event', () => {
    const cursor = createCursor()
    cursor.start(['e', 0, 0])
    expect(cursor.judge(0)).toBe('duplicate')
  })

  test('announces what was missed, once', () => {
    const cursor = createCursor(['a', 100, 5])
    expect(cursor.start(['a', 600, 6])).toEqual({ from: ['a', 100, 5], to: ['a', 600, 6] })
    expect(cursor.start(['a', 600, 6])).toBeNull()
    expect(cursor.judge(601)).toBe('next')
  })

  test('announces a changed epoch, whatever the offsets', () => {
    for (const offset of [0, 3, 9]) {
      const cursor = createCursor(['a', 3, 5])
      expect(cursor.start(['b', offset, 1])).toEqual({ from: ['a', 3, 5], to: ['b', offset, 1] })
      expect(cursor.position).toEqual(['b', offset, 1])
    }
  })

  test('the empty epoch takes whatever epoch there is', () => {
    const all = createCursor(['', 0, 0])
    expect(all.start(['e', 0, 0])).toBeNull()
    expect(all.judge(1)).toBe('next')
    const trimmed = createCursor(['', 0, 0])
    expect(trimmed.start(['e', 600, 3])).toEqual({ from: ['', 0, 0], to: ['e', 600, 3] })
  })

  test('stays where it is when the server goes on from further back', () => {
    const cursor = createCursor(['e', 7, 70])
    expect(cursor.start(['e', 5, 50])).toBeNull()
    expect(cursor.position).toEqual(['e', 7, 70])
    expect(['duplicate', 'duplicate', 'next']).toEqual([6, 7, 8].map((offset) => cursor.judge(offset)))
  })

  test('learns the check from duplicates too: a later event without one means the check last told', () => {
    const cursor = createCursor(['e', 7, 70])
    cursor.start(['e', 5, 50])
    cursor.judge(6, 60)
    cursor.judge(7, 70)
    expect(cursor.judge(8)).toBe('next')
    cursor.advance(8)
    expect(cursor.position).toEqual(['e', 8, 70])
  })
})

/** A log that is appended to, trimmed, and now and then lost; its check is a function of epoch, offset and content. */
function createLog(random: Random) {
  let epoch = 1
  let floor = 0
  let top = 0
  const check = (offset: number): number => (offset ? epoch * 1000 + Math.floor(offset / 3) : 0)
  const at = (offset: number): Position => ['e' + epoch, offset, check(offset)]
  return {
    get name() {
      return 'e' + epoch
    },
    get top() {
      return top
    },
    check,
    append: () => void top++,
    trim: () => void (floor += random.int(top - floor + 1)),
    lose() {
      epoch++
      floor = top = random.chance(0.5) ? 0 : random.int(20)
    },
    /** PROTOCOL.md §7.2; sometimes from further back than it must be. */
    answer(position: Position | null): Position {
      if (!position) return at(top)
      const [name, offset, tail] = position
      const fits = name === 'e' + epoch && offset <= top && offset >= floor && tail === check(offset)
      if (!fits) return at(floor)
      return random.chance(0.2) ? at(floor + random.int(offset - floor + 1)) : at(offset)
    },
  }
}

test('over any log and any link: offsets strictly increase, each once, and each hole has exactly one exact gap before what is newer', () => {
  forSeeds(1_000, (random) => {
    const log = createLog(random)
    const since = random.pick<Position | null>([null, ['', 0, 0]])
    const cursor = createCursor(since)
    const seen: (readonly ['event', string, number] | readonly ['gap', Hole])[] = []
    let link: { next: number; told: number; frames: [number, number?][] } | null = null

    const subscribe = (): void => {
      const position = log.answer(cursor.position)
      link = { next: position[1] + 1, told: position[2], frames: [] }
      const hole = cursor.start(position)
      if (hole) seen.push(['gap', hole])
    }
    const write = (): void => {
      if (!link || link.next > log.top) return
      const check = log.check(link.next)
      link.frames.push(check === link.told ? [link.next] : [link.next, check])
      link.told = check
      link.next++
    }
    const read = (): void => {
      const frame = link?.frames.shift()
      if (!frame) return
      const judged = cursor.judge(...frame)
      if (judged === 'ahead') return subscribe()
      if (judged === 'duplicate') return
      seen.push(['event', cursor.position![0], frame[0]])
      cursor.advance(...frame)
      expect(cursor.position).toEqual([log.name, frame[0], log.check(frame[0])])
    }
    const lose = (): void => {
      log.lose()
      link = null
    }
    // A frame lost, doubled or out of order on a live link: a broken server, which must not be trusted.
    const spoil = (): void => {
      const frames = link?.frames
      if (!frames?.length) return
      const at = random.int(frames.length)
      const how = random.int(3)
      if (how === 0) frames.push(frames[at]!)
      else if (how === 1) frames.splice(at, 1)
      else frames.unshift(...frames.splice(at, 1))
      // What was told is no longer known: tell it with each frame.
      for (const frame of frames) frame[1] = log.check(frame[0])
      link!.told = -1
    }
    for (let step = 0; step < 120; step++) {
      const act = random.int(40)
      if (act < 12) log.append()
      else if (act < 22) write()
      else if (act < 34) read()
      else if (act < 36) subscribe()
      else if (act < 37) link = null
      else if (act < 38) log.trim()
      else if (act < 39) spoil()
      else if (random.chance(0.3)) lose()
    }
    subscribe()
    while (link!.next <= log.top) write()
    while (link!.frames.length) read()

    let [epoch, offset] = since ?? ['', -1]
    for (const happened of seen) {
      if (happened[0] === 'gap') {
        const { from, to } = happened[1]
        ensure(
          offset < 0 || (from[1] === offset && (!epoch || from[0] === epoch)),
          'a gap that does not begin where it stood',
        )
        ensure(from[0] !== to[0] || to[1] > from[1], 'a gap without a hole')
        ;[epoch, offset] = to
      } else {
        ensure(!epoch || offset < 0 || happened[1] === epoch, 'a silent change of epoch')
        ensure(offset < 0 || happened[2] === offset + 1, `offset ${happened[2]} after ${offset}`)
        ;[, epoch, offset] = happened
      }
    }
    expect(cursor.position).toEqual(log.top ? [log.name, log.top, log.check(log.top)] : [log.name, 0, 0])
  })
})
