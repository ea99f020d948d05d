/** Every frame of PROTOCOL.md §3 at its edges, for every codec. */
import { DOWN_FRAMES, UP_FRAMES, type FrameTable } from '@holdfast/protocol'

const hello = { version: 1, session: null, incarnation: 1, settled: 0, subscriptions: [['chat', ['e', 1, 2]]] }
const limits = { message: 1, packet: 1, inFlight: 1, inFlightBytes: 1, subscriptions: 1 }
const welcome = {
  session: 's',
  id: 'i',
  resumed: false,
  serial: 0,
  identity: null,
  window: 1,
  beat: 1,
  grace: 1,
  retrySpread: 1,
  level: 'memory',
  limits,
  time: 1,
}
export const TOP = Number.MAX_SAFE_INTEGER
const LONG = 'x'.repeat(257)

/** Every frame of PROTOCOL.md §3: accepted at its edges, and refused just beyond. */
export const edges: [string, FrameTable, { good: unknown[][]; bad: unknown[][] }][] = [
  [
    'hello',
    UP_FRAMES,
    {
      good: [
        [hello],
        [
          {
            ...hello,
            credential: { token: 1 },
            via: 'poll',
            session: 's',
            incarnation: TOP,
            later: 'field',
            subscriptions: [['t', null]],
          },
        ],
        [{ ...hello, subscriptions: [['t', ['', 0, 0]]] }],
      ],
      bad: [
        [],
        [null],
        [[]],
        ['x'],
        [hello, 1],
        [{}],
        [{ ...hello, incarnation: 0 }],
        [{ ...hello, session: 1 }],
        [{ ...hello, via: 'ws' }],
        [{ ...hello, settled: -1 }],
        [{ ...hello, subscriptions: [['t']] }],
        [{ ...hello, subscriptions: [['', null]] }],
        [{ ...hello, subscriptions: {} }],
        [{ ...hello, subscriptions: [['t', ['e', 1]]] }],
        [{ ...hello, subscriptions: [['t', ['e', 1, 2, 3]]] }],
        [{ ...hello, subscriptions: [['t', [LONG.slice(0, 65), 1, 2]]] }],
        [{ ...hello, version: null }],
      ],
    },
  ],
  [
    'send',
    UP_FRAMES,
    {
      good: [
        [1, 't', null],
        [TOP, LONG.slice(1), { a: 1 }, 's.1'],
        [1, 't', 0, ''],
      ],
      bad: [
        [0, 't', 1],
        [TOP + 1, 't', 1],
        [1.5, 't', 1],
        ['1', 't', 1],
        [1, '', 1],
        [1, LONG, 1],
        [1, 't\n', 1],
        [1, 't'],
        [1, 't', 1, null],
        [1, 't', 1, 's', 1],
      ],
    },
  ],
  ['void', UP_FRAMES, { good: [[1]], bad: [[], [0], [-1], [1, 1], [null]] }],
  ['volatile', UP_FRAMES, { good: [['t', null]], bad: [['t'], [1, 1], ['t', 1, 1], ['\u2028', 1]] }],
  ['settled', UP_FRAMES, { good: [[0], [TOP]], bad: [[], [-1], [0.5], ['0']] }],
  [
    'subscribe',
    UP_FRAMES,
    {
      good: [['t'], ['t', null], ['t', ['', 0, 0]]],
      bad: [[], ['t', 'e'], ['t', ['e', 0]], ['t', ['e', -1, 0]], ['t', null, 1]],
    },
  ],
  ['unsubscribe', UP_FRAMES, { good: [['t']], bad: [[], [''], ['\0'], ['t', 1]] }],
  ['ping', UP_FRAMES, { good: [[0]], bad: [[], [-1]] }],
  ['auth', UP_FRAMES, { good: [[null], ['x'], [{}]], bad: [[], [1, 2]] }],
  ['bye', UP_FRAMES, { good: [[]], bad: [[1]] }],
  [
    'post',
    UP_FRAMES,
    {
      good: [['s', 1, 1]],
      bad: [
        ['s', 0, 1],
        ['s', 1, 0],
        ['s', 1],
        [null, 1, 1],
      ],
    },
  ],
  [
    'poll',
    UP_FRAMES,
    {
      good: [['s', 1, 0]],
      bad: [
        ['s', 0, 1],
        ['s', 1],
        ['s', 1, 1, 1],
      ],
    },
  ],
  [
    'welcome',
    DOWN_FRAMES,
    {
      good: [
        [welcome],
        [
          {
            ...welcome,
            former: [
              3,
              [
                [3, 'v'],
                [4, null, 'no', LONG],
              ],
            ],
            identity: 'me',
            more: 1,
          },
        ],
      ],
      bad: [
        [],
        [null],
        [{ ...welcome, resumed: 1 }],
        [{ ...welcome, limits: {} }],
        [{ ...welcome, limits: null }],
        [{ ...welcome, serial: -1 }],
        [{ ...welcome, former: [3] }],
        [{ ...welcome, former: null }],
        [{ ...welcome, session: null }],
        [{ ...welcome, time: 1e300 }],
        [{ ...welcome, former: [3, [[0, 'v']]] }],
      ],
    },
  ],
  [
    'ack',
    DOWN_FRAMES,
    {
      good: [
        [0, []],
        [
          TOP,
          [
            [1, null],
            [2, { a: 1 }],
            [3, null, 'no', LONG],
          ],
        ],
      ],
      bad: [
        [1],
        [1, {}],
        [1, [[1]]],
        [1, [[0, 1]]],
        [1, [[1, 2, 'no', '']]],
        [1, [[1, null, 'no']]],
        [1, [[1, null, LONG, '']]],
        [1, [[1, null, 'no', '', 1]]],
        [1, [null]],
      ],
    },
  ],
  ['nack', DOWN_FRAMES, { good: [[0]], bad: [[], ['0']] }],
  [
    'subscribed',
    DOWN_FRAMES,
    {
      good: [['t', ['e', 0, 0]]],
      bad: [['t'], ['t', null], ['t', ['', 0, 0]], ['t', ['e', 0, -1]], ['t', ['e', 0, 0], 1]],
    },
  ],
  [
    'event',
    DOWN_FRAMES,
    {
      good: [
        ['t', 1, null],
        ['t', TOP, 1, 0],
      ],
      bad: [
        ['t', 0, 1],
        ['t', 1],
        ['t', 1, 1, null],
        ['t', 1, 1, 1, 1],
      ],
    },
  ],
  ['caught-up', DOWN_FRAMES, { good: [['t', 0]], bad: [['t'], ['t', -1]] }],
  [
    'denied',
    DOWN_FRAMES,
    {
      good: [['t', 'no', '']],
      bad: [
        ['t', 'no'],
        ['t', LONG, ''],
        ['t', 'no', null],
      ],
    },
  ],
  ['volatile', DOWN_FRAMES, { good: [['t', 1]], bad: [['t']] }],
  [
    'beat',
    DOWN_FRAMES,
    {
      good: [
        [0, 0, []],
        [1, 1, [['t', 1]]],
      ],
      bad: [
        [0, 0],
        [0, 0, [['t']]],
        [0, 0, [['t', 1, 1]]],
        [0, 0, null],
      ],
    },
  ],
  ['pong', DOWN_FRAMES, { good: [[1]], bad: [[]] }],
  ['renew', DOWN_FRAMES, { good: [[1]], bad: [[], [-1]] }],
  ['authenticated', DOWN_FRAMES, { good: [[]], bad: [[1]] }],
  ['drain', DOWN_FRAMES, { good: [[0]], bad: [[]] }],
  [
    'bye',
    DOWN_FRAMES,
    {
      good: [
        [4000, ''],
        [1, 'x', 0],
      ],
      bad: [[4000], [4000, LONG], [4000, '', null], [4000, '', 1, 1]],
    },
  ],
  ['at', DOWN_FRAMES, { good: [[0]], bad: [[]] }],
  ['ticket', DOWN_FRAMES, { good: [['x']], bad: [[], [1]] }],
]
