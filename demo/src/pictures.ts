// All pictures of the page: the timeline and the plots that share its axis.
import { milliseconds, count, plural } from './dom.ts'
import { createPlot } from './plot.ts'
import { createTimelinePicture } from './timeline-picture.ts'
import type { Timeline } from './timeline.ts'

export interface Pictures {
  /** An acknowledgement took so long, in ms. */
  acknowledged(took: number): void
  /** A message came down. */
  received(replayed: boolean): void
  /** Ten times a second, or as often as the page draws. */
  draw(now: number, view: { roundTrip: number | null; pending: number }): void
}

export function createPictures(timeline: Timeline): Pictures {
  const drawTimeline = createTimelinePicture(timeline.history)
  const roundTrip = createPlot({
    title: 'Round trip',
    series: [
      { name: 'send to acknowledgement', color: 'accent', shape: 'dots' },
      { name: 'heartbeat', color: 'weather', shape: 'line' },
    ],
    scale: 'log',
    format: (ms) => (ms >= 1_000 ? `${ms / 1_000} s` : `${ms} ms`),
  })
  const outbox = createPlot({
    title: 'Outbox',
    series: [{ name: 'messages without an outcome', color: 'accent', shape: 'area' }],
    scale: 'linear',
    format: short,
  })
  const received = createPlot({
    title: 'Received',
    series: [
      { name: 'per second', color: 'accent', shape: 'bars' },
      { name: 'of it replayed', color: 'weather', shape: 'bars' },
    ],
    scale: 'linear',
    format: short,
  })
  let slowest = 0
  let second = { from: performance.now(), all: 0, replayed: 0 }

  function closeSecond(now: number): void {
    const per = (now - second.from) / 1_000
    received.add(0, now, second.all / per)
    if (second.replayed > 0) received.add(1, now, second.replayed / per)
    received.figure(`${count(Math.round(second.all / per))} per second`)
    second = { from: now, all: 0, replayed: 0 }
  }

  return {
    acknowledged: (took) => (slowest = Math.max(slowest, took)),
    received(replayed) {
      second.all++
      if (replayed) second.replayed++
    },
    draw(now, view) {
      if (slowest > 0) {
        roundTrip.add(0, now, slowest)
        roundTrip.figure(milliseconds(slowest))
        slowest = 0
      }
      if (view.roundTrip !== null) roundTrip.add(1, now, view.roundTrip)
      outbox.add(0, now, view.pending)
      outbox.figure(plural(view.pending, 'message'))
      if (now - second.from >= 1_000) closeSecond(now)
      timeline.trim(now)
      drawTimeline(now)
      for (const plot of [roundTrip, outbox, received]) plot.draw(now)
    },
  }
}

const short = (n: number): string => (n >= 1_000 ? `${n / 1_000}k` : String(n))
