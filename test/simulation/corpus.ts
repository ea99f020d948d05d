/**
 * Runs that once found a broken promise, and which: each is run every time. A failing seed prints its entry, cut down. Each part of a run has
 * chance of its own, by name, so an entry stays the run that it was when faults, pages or messages of other kinds are added; when what it
 * draws from changes, it is one more run. An entry is proven by taking the fix out again: then it has to fail.
 */
import type { Plan } from './plan.ts'

interface Found extends Plan {
  readonly found: string
}

export const corpus: readonly Found[] = [
  {
    seed: 1003020,
    shared: false,
    found:
      'who left a topic and subscribed anew, with more, before anything was answered, took the second answer for the third',
    only: [
      'abort 1',
      'replaced 1',
      'page 1',
      'page 2',
      'page 3',
      'publishes 2',
      'reload 1',
      'reload 2',
      'reload 3',
      'reload 4',
      'reload 5',
      'reload 6',
      'reload 7',
      'reload 8',
      'reload 10',
      'reload 11',
      'reload 13',
      'reload 14',
      'reload 15',
      'reload 16',
      'reload 18',
      'reload 19',
      'reload 20',
      'reload 23',
      'reload 24',
      'reload 26',
      'reload 28',
      'reload 29',
      'reload 30',
      'reload 31',
      'reload 32',
      'reload 33',
      'reload 34',
      'reload 35',
      'pause 7',
      'reload 43',
      'reload 44',
      'reload 46',
      'reload 47',
      'reload 48',
      "p2'''''''''''''''' reads 2",
      "p2'''''''''''''''' changes 1",
      "p2'''''''''''''''' changes 2",
      "p2'''''''''''''''' changes 3",
    ],
  },
]
