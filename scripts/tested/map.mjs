// Which test shows what: each entry names its tests by file and title, as they stand in the source. docs/tested.md is made of it
// (`node scripts/tested.mjs --write`); a title that is no longer there fails a test.

const traffic = 'test/promises/traffic.ts'
const truth = 'test/promises/truth.ts'
const sessions = 'test/promises/sessions.ts'
const fallback = 'test/promises/fallback.ts'
const httpFaults = 'test/promises/http-faults.ts'
const recovery = 'test/promises/recovery.ts'
const drain = 'test/promises/drain.ts'
const ends = 'test/promises/ends.test.ts'
const resumeTime = 'test/promises/resume-time.ts'
const herd = 'test/promises/herd.test.ts'
const page = 'test/browser/page-life.test.ts'
const connection = 'test/client/connection.test.ts'
const walk = 'test/client/connection-walk.test.ts'
const driver = 'test/client/driver.test.ts'
const registry = 'test/client/registry.test.ts'
const clientSession = 'test/client/session.test.ts'
const clientTopics = 'test/client/topics.test.ts'
const sender = 'test/client/sender.test.ts'
const handle = 'test/client/handle.test.ts'
const environment = 'test/client/environment.test.ts'
const clientWebSocket = 'test/client/transports-web-socket.test.ts'
const clientHttp = 'test/client/transports-http.test.ts'
const streamParser = 'test/client/transports-sse-parser.test.ts'
const backoff = 'test/client/backoff.test.ts'
const outboxFaults = 'test/protocol/outbox-faults.test.ts'
const outboxRecovery = 'test/protocol/outbox-recovery.test.ts'
const outboxPeers = 'test/protocol/outbox-peers.test.ts'
const outbox = 'test/protocol/outbox.test.ts'
const cursor = 'test/protocol/cursor.test.ts'
const closeCodes = 'test/protocol/close-codes.test.ts'
const codec = 'test/protocol/codec.test.ts'
const serverSessions = 'test/server/sessions.test.ts'
const serverTopics = 'test/server/topics.test.ts'
const upkeep = 'test/server/upkeep.test.ts'
const uplink = 'test/server/uplink.test.ts'
const listeners = 'test/server/listeners.test.ts'
const compression = 'test/server/compression.test.ts'
const hostile = 'test/server/hostile.test.ts'
const decoders = 'test/security/decoders.test.ts'
const endpoints = 'test/security/endpoints.test.ts'
const sockets = 'test/security/sockets.test.ts'
const crowds = 'test/security/crowds.test.ts'
const amplified = 'test/security/amplified.test.ts'
const hostileServer = 'test/security/hostile-server.test.ts'
const redisNodes = 'test/redis/nodes.test.ts'
const redisLog = 'test/redis/redis-log.test.ts'
const nginx = 'test/interop/nginx.test.ts'
const clusterTraffic = 'test/cluster/traffic.test.ts'
const clusterFaults = 'test/cluster/faults.test.ts'
const rolling = [
  clusterTraffic,
  'all nodes are restarted one by one, each after a drain: nothing is lost, nothing doubled, nothing marked',
]
/** Every seed, by every oracle. */
const simulation = [
  'test/simulation/shard.ts',
  'seeded runs keep every promise whatever breaks, and each fault has broken something',
]
const replayOnce = [
  outboxPeers,
  'between two peers over any network each message settles once, truthfully, in order, at a bounded cost',
]

/** @typedef {[file: string, title: string]} Proof */

/** What the README promises. @type {[promise: string, proofs: Proof[]][]} */
export const promises = [
  [
    'Each reliable message is taken in once and in send order, whatever happens to links and transports',
    [
      [traffic, '1,000 numbered sends through 20 cuts: all acknowledged, each handled once, in order'],
      [fallback, 'one session over webSocket, eventSource, longPolling and webSocket again, under traffic'],
      replayOnce,
      simulation,
    ],
  ],
  [
    'A handler is started a second time only if the server died before the record, and is then told `redelivered`, with the same id',
    [
      [
        traffic,
        'server restarted between transmission and ACK: sent again under the same id, marked; `once` is in doubt',
      ],
      simulation,
    ],
  ],
  [
    "`intake: 'at-most-once'` never starts it again: the outcome is in doubt",
    [
      [uplink, 'at-most-once never starts a redelivered message: its outcome is in doubt'],
      [outboxRecovery, 'a server that does not start again what may have been started leaves it in doubt'],
    ],
  ],
  [
    'Every `send()` settles once: acknowledged means handled, with its result kept',
    [
      [recovery, 'the acknowledgement of every request is lost once: each is answered, and its handler runs once'],
      [uplink, 'a duplicate is dropped and answered from the kept result'],
      simulation,
    ],
  ],
  [
    "Rejected: with the server's code",
    [[truth, 'what the handler refuses is rejected with its code; what nobody handles or may send, too']],
  ],
  [
    'Not sent: the server has not seen it',
    [
      [
        truth,
        'full outbox, ttl passed, abort, replaced, volatile and close while there is no link: not-sent, and never seen',
      ],
    ],
  ],
  [
    'In doubt: it was on a link, and nobody can know',
    [[truth, 'aborted or closed after transmission: in doubt, and the handler is started at most once']],
  ],
  [
    'A topic is heard with rising offsets, each once; what was missed is replayed',
    [
      [traffic, '10,000 numbered messages down at 1,000/s through 20 cuts: each once, in order, no gap'],
      [
        cursor,
        'over any log and any link: offsets strictly increase, each once, and each hole has exactly one exact gap before what is newer',
      ],
      simulation,
    ],
  ],
  [
    'Every hole is announced by one gap with its exact range, before anything newer',
    [
      [traffic, 'away longer than the log: one gap with the exact range, then everything newer'],
      [recovery, 'a server that comes back without its log: one gap that says so, before anything newer'],
    ],
  ],
  [
    'The position moves after the handler returned or threw',
    [
      [clientTopics, 'hands on each event once, in order, and moves after the handler'],
      [driver, 'survives a throwing listener, and tells of it'],
    ],
  ],
  [
    'A dead link is found and replaced within heartbeat and grace',
    [
      [traffic, 'black hole: found within heartbeat and grace, replaced at once, and no socket is left over'],
      [driver, 'a dead link is replaced within 3 s of a wake-up'],
    ],
  ],
  [
    'A live link is not mistaken for dead after a sleep, or while the network is away',
    [
      [traffic, 'a link that is down for 4 s while its socket survives is not replaced, and nothing is lost'],
      [driver, 'a sleep grants a probe; a link that lives is kept'],
    ],
  ],
  [
    'A WebSocket that does not work is given up for another transport, and come back to',
    [
      [fallback, 'WebSocket %s: open over another transport within 12 s, and back when it heals'],
      [fallback, 'a proxy that buffers streams: open over long-polling'],
    ],
  ],
  [
    'A resume costs no round trip beyond opening the link',
    [
      [
        resumeTime,
        '${transport}: the first missed message comes within ${MOST} round trips of the first packet of TCP',
      ],
    ],
  ],
  [
    'The newest link of a session owns it; an older one can do nothing more',
    [
      [traffic, 'half-open: a new link takes over at once; what the old one releases later changes nothing'],
      [serverSessions, 'a higher incarnation takes over at once; nothing that still arrives on the old link counts'],
    ],
  ],
  [
    'A session belongs to its identity',
    [
      [
        sessions,
        'another identity does not get the session, and what was to be sent as one user is not sent as another',
      ],
      [endpoints, 'a token under another identity, or none, gets 4401; with a wrong secret it is no token'],
      [registry, 'is nobody that left: %s'],
    ],
  ],
  [
    'A tombstone tells what was handled after a session is gone',
    [
      [
        serverSessions,
        'a session resumes until its window is over; then a tombstone tells what was handled; then nothing does',
      ],
    ],
  ],
  [
    'Direct messages recover like topics',
    [
      [serverTopics, 'a session and an identity are sent to like topics, and what they missed is replayed'],
      [clientTopics, 'reach the event and the subscribers of their topic, and recover like any others'],
    ],
  ],
  [
    'A drain moves clients within its time',
    [[drain, 'a drain moves the client to the next server within its time: nothing lost, doubled or reordered']],
  ],
  [
    'A log that lost its tail is never taken for up to date',
    [
      [serverTopics, 'a client ahead of a log that lost its tail is shown another epoch, which it can come back with'],
      [redisNodes, 'a Redis that is restored from a backup is seen as a gap, and what comes next is heard'],
    ],
  ],
  [
    'Servers that share sessions are as one: any of them serves any request, and what was under way on one that is gone comes again, marked',
    [
      [
        clusterTraffic,
        '1,000 messages up and 1,000 down: each once, in order, in one session, whichever node a request comes to',
      ],
      [clusterTraffic, 'the same through 20 cuts: the session goes on, on whichever node'],
      [
        clusterTraffic,
        'a link that the old node still believes in: its handler finishes once, the next waits for it, and nothing comes twice',
      ],
      [
        clusterFaults,
        'a node is killed between effect and record: the message comes again elsewhere, marked, by the same id and fence; or is in doubt',
      ],
      [
        clusterFaults,
        'a node stands still in a handler: the message is started again elsewhere, marked, and what the node says when it goes on changes nothing',
      ],
      [clusterFaults, 'Redis is killed and comes back with all it had: sessions go on, and nothing is lost'],
      [
        clusterFaults,
        'Redis comes back as it was a while ago: sessions are renewed, gaps are told, and what was under way comes again, marked',
      ],
      rolling,
      [clusterTraffic, 'a token gives its session to nobody else, on any node'],
    ],
  ],
  [
    '`close()` leaves nothing: no timer, listener, socket, request or session',
    [
      [ends, 'close() leaves no timer, listener, socket or request, whatever the client was doing'],
      [sessions, 'after close() no session, link, request or socket is left'],
      [page, 'after close() the page has no listener of ours left'],
    ],
  ],
]

/**
 * What breaks such clients in the wild. A text in place of the proofs says why there are none.
 * @type {[number: string, what: string, proofs: Proof[] | string][]}
 */
export const cases = [
  [
    '1',
    'Half-open TCP: no event, no ping API',
    [[traffic, 'black hole: found within heartbeat and grace, replaced at once, and no socket is left over']],
  ],
  [
    '2',
    '`close()` takes a minute, or for ever',
    [
      [clientWebSocket, 'close() returns though the far end never answers it, with data still queued'],
      [driver, 'is never heard again: late, doubled and nested events change nothing'],
    ],
  ],
  [
    '3',
    'A stuck handshake blocks every later WebSocket to that host',
    [
      [clientWebSocket, 'close() of a handshake that hangs frees the socket at once and says nothing'],
      [
        walk,
        'every reachable state takes every event, leaks no link, opens none twice, never spins, and opens again once the network heals',
      ],
    ],
  ],
  [
    '4',
    'A dial hangs for minutes',
    [
      [fallback, 'left hanging'],
      [connection, 'are tried in order, each with its deadline, whether they fail, stay mute or hang'],
    ],
  ],
  [
    '5',
    'The browser delays dials itself',
    [[connection, 'give the dial more time, up to three times, since browsers delay repeated dials themselves']],
  ],
  [
    '6',
    'Pending handshakes pile up',
    [
      [
        walk,
        'every reachable state takes every event, leaks no link, opens none twice, never spins, and opens again once the network heals',
      ],
    ],
  ],
  [
    '7',
    'A WebSocket opens, then its frames vanish, both ways or one',
    [
      [fallback, 'mute both ways'],
      [fallback, 'mute downward'],
      [fallback, 'mute upward'],
    ],
  ],
  [
    '8',
    'A proxy refuses the upgrade, answers with a page, or never',
    [
      [fallback, 'refused with 403'],
      [fallback, 'refused with 502'],
      [fallback, 'answered with a page'],
      [nginx, 'without upgrade headers: refused'],
    ],
  ],
  [
    '9',
    'Every failed handshake looks alike',
    [
      [recovery, 'an upgrade %s, three times: never taken for the last word, the fourth one opens'],
      [clientWebSocket, 'a server that refuses the upgrade looks like any lost link'],
    ],
  ],
  [
    '10',
    '`navigator.onLine` lies',
    [[connection, 'go on slowly where the platform sees no network, for it may be wrong']],
  ],
  [
    '11',
    '`offline` fires though the socket lives',
    [
      [connection, 'offline does not close: a link down for 4 s with a surviving socket costs no reconnect'],
      [traffic, 'a link that is down for 4 s while its socket survives is not replaced, and nothing is lost'],
    ],
  ],
  ['12', '`online` while an attempt hangs', [[connection, 'online while dialling dials again']]],
  [
    '13',
    'Sleep and wake',
    [
      [connection, 'a timer that fired late grants exactly one more probe'],
      [driver, 'a sleep grants a probe; a link that lives is kept'],
      simulation,
    ],
  ],
  [
    '14',
    'Hidden tabs run timers once a minute',
    [
      [upkeep, 'a link on which nothing came up for a minute more than a beat is dead; its session is not'],
      [driver, 'each beat is answered, and gives the round trip'],
    ],
  ],
  [
    '15',
    'Mobile systems suspend pages: links look open and are dead',
    [
      [connection, 'a wake-up limits an attempt that may have died in the sleep'],
      [driver, 'a dead link is replaced within 3 s of a wake-up'],
    ],
  ],
  [
    '16',
    'Freeze and resume, events in any number',
    [
      [connection, 'two wake-ups are one probe'],
      [page, 'a page that freezes lets go of its link and resumes its session when it goes on'],
    ],
  ],
  [
    '17',
    'The back/forward cache with an open link',
    [
      [page, 'a page in the back/forward cache lets go of its link and resumes its session when it returns'],
      [environment, 'tell of the back/forward cache, not of first loads and last goodbyes'],
    ],
  ],
  [
    '18',
    'A navigation that closes sockets, but the page stays',
    [[environment, 'never listen to unload events, which keep pages out of the back/forward cache']],
  ],
  ['19', '`close()` of a connecting socket throws', [[clientWebSocket, 'sending and closing never throw']]],
  ['20', 'What is buffered at unload is lost', 'An outbox that survives a reload is not part of this version.'],
  [
    '21',
    'An EventSource dies for good on anything but 200',
    [
      [recovery, 'a stream that is cut, and then twice %s: comes back, and nothing is lost'],
      [clientHttp, 'answered $status $body $headers: dropped, not repeated'],
    ],
  ],
  [
    '22',
    'The `retry` of streams has no back-off',
    [
      [
        herd,
        '500 clients whose server is away for 30 s: first retries fill the spread evenly, later ones thin out, the return has no peak',
      ],
      [backoff, 'a delay is uniform below the cap, which it keeps for ever: the jitter survives it'],
      [streamParser, 'tells retry fields made of digits, and no others'],
    ],
  ],
  [
    '23',
    'Six connections per host on HTTP/1.1',
    [
      [registry, 'gives one link to everybody who means the same endpoint'],
      ['test/browser/http2.test.ts', 'ten streams of one page are open at once, and all hear the same event'],
    ],
  ],
  [
    '24',
    'Streams are buffered on the way',
    [
      [fallback, 'a proxy that buffers streams: open over long-polling'],
      [listeners, 'is announced as a stream that nothing buffers, and carries one line per packet'],
    ],
  ],
  [
    '25',
    'Idle connections are killed',
    [
      [nginx, 'WebSockets: the silent one is cut, the one that pings is still there'],
      [upkeep, 'come a fifth before they are expected, from a random phase, with the serial and the tops'],
    ],
  ],
  [
    '26',
    'Polls are answered from a cache',
    [
      [clientHttp, 'needs no CORS preflight and is not cached'],
      [httpFaults, 'answered from a cache, with the answer of the one before'],
    ],
  ],
  [
    '27',
    'A poll is cut when the server has answered it',
    [
      [httpFaults, 'cut off, ${at} of the answer left'],
      [listeners, 'what was written but not confirmed comes again, with what came meanwhile'],
    ],
  ],
  [
    '28',
    'Polls overlap',
    [
      [httpFaults, 'repeated by a proxy'],
      [listeners, 'the newest poll wins; the older one learns nothing new'],
    ],
  ],
  ['29', 'A POST is repeated', [[httpFaults, 'a proxy repeats a POST 1 s later: its message is handled once']]],
  [
    '30',
    'Two links deliver while the transport changes',
    [
      [fallback, 'what a WebSocket delivers late, when the session has moved to a stream, changes nothing'],
      [fallback, 'one session over webSocket, eventSource, longPolling and webSocket again, under traffic'],
      simulation,
    ],
  ],
  [
    '31',
    'WebSocket over HTTP/2 breaks per vendor',
    [
      [fallback, 'left hanging'],
      [
        'test/interop/http2.test.ts',
        'ten streams on one connection all hear the feed; a cut ends them, and the feed goes on after the last id',
      ],
    ],
  ],
  ['32', 'WebTransport', 'Not part of this version.'],
  [
    '33',
    'A service worker in the way',
    'Not tested. Requests say `no-store`; a stream that is held back falls back to polls (24).',
  ],
  [
    '34',
    'Mixed content, policy, bad URL: the constructor throws',
    [
      [connection, 'what this environment cannot open at all ends it, rather than being tried for ever'],
      ['test/browser/script-tag.test.ts', 'the policy is in force: an endpoint it does not name is not reached'],
    ],
  ],
  [
    '35',
    'A message is too big',
    [
      [truth, 'what the handler refuses is rejected with its code; what nobody handles or may send, too'],
      [upkeep, 'a frame, a packet, or a message above its limit ends the link with 4203'],
    ],
  ],
  [
    '36',
    '`bufferedAmount` grows without bound',
    [[outbox, 'bounds bytes; one message bigger than all of it goes by itself']],
  ],
  ['37', 'Clocks jump', [simulation]],
  [
    '38',
    'Late, doubled and nested events',
    [[driver, 'is never heard again: late, doubled and nested events change nothing']],
  ],
  [
    '39',
    'Two dials at once',
    [
      [
        walk,
        'every reachable state takes every event, leaks no link, opens none twice, never spins, and opens again once the network heals',
      ],
      simulation,
    ],
  ],
  [
    '40',
    'Components are mounted twice',
    [
      [
        'test/react/hooks.test.ts',
        'serves five components that name its URL, mounted twice by StrictMode, and then is gone',
      ],
    ],
  ],
  [
    '41',
    'Modules are loaded anew',
    [
      [registry, 'keeps the registry on the global object, so that a module loaded twice finds it'],
      ['test/react/hooks.test.ts', 'is adopted by a module that was loaded anew'],
      [
        'test/vue/composables.test.ts',
        'is adopted by a module that was loaded anew, which finds what the other provides',
      ],
    ],
  ],
  ['42', 'Wake-ups undo an explicit `close()`', [[connection, 'wakes nobody whom the user has put to rest']]],
  [
    '43',
    'Close codes are misused',
    [
      [connection, '%s, after a healthy link'],
      [closeCodes, 'every code that a server closes with is in a range with a policy'],
    ],
  ],
  [
    '44',
    'A token in the name of a shared connection',
    [
      [registry, 'tells the query and the key apart'],
      [handle, 'a function is asked for each attempt; nothing is dialled before it has answered'],
    ],
  ],
  ['45', 'A frozen tab leads the others', 'Tabs do not share a link in this version.'],
  [
    '46',
    'A duplicated tab has the same session',
    [
      [clientSession, 'is given up after %s'],
      [driver, 'a takeover is final for that session: it asks for a new one'],
      simulation,
    ],
  ],
  [
    '47',
    'The ACK is lost after the server acted',
    [
      [recovery, 'the acknowledgement of every request is lost once: each is answered, and its handler runs once'],
      [httpFaults, 'answered 502, the response lost'],
    ],
  ],
  [
    '48',
    'What is sent again is older than what is remembered',
    [
      [
        serverSessions,
        'a session resumes until its window is over; then a tombstone tells what was handled; then nothing does',
      ],
      simulation,
    ],
  ],
  [
    '49',
    'The server lost the session',
    [
      [
        traffic,
        'server restarted between transmission and ACK: sent again under the same id, marked; `once` is in doubt',
      ],
      [
        outboxRecovery,
        'settles by the tombstone, sends the rest first and under the old ids, and never what was to be sent once',
      ],
    ],
  ],
  [
    '50',
    'A strict next serial wedges',
    [
      [uplink, 'a hole is answered once, again at most once a second, and without progress the link ends'],
      [outboxRecovery, 'keeps the order when it is lost in turn, half way'],
    ],
  ],
  [
    '51',
    'Counted numbering drifts',
    [
      [
        outboxPeers,
        'between two peers over any network each message settles once, truthfully, in order, at a bounded cost',
      ],
    ],
  ],
  [
    '52',
    'Two live links of one session',
    [
      [traffic, 'half-open: a new link takes over at once; what the old one releases later changes nothing'],
      [serverSessions, 'of two hellos that race through authentication the higher one wins, whoever comes first'],
    ],
  ],
  [
    '53',
    'A stale welcome or ACK',
    [[driver, 'speaks for no other: neither opens the new one nor keeps it alive'], simulation],
  ],
  [
    '54',
    'A resume before any message',
    [
      [
        recovery,
        'cut again and again before any message: the first one is heard once, no gap is made up, nothing is replayed twice',
      ],
    ],
  ],
  [
    '55',
    'A quiet topic outlives its resume point',
    [
      [upkeep, 'name the tops of many subscriptions in turn'],
      [recovery, 'the last event is swallowed and nothing follows: a heartbeat tells of it'],
    ],
  ],
  [
    '56',
    'The same replay at every resume',
    [
      [
        recovery,
        'cut again and again before any message: the first one is heard once, no gap is made up, nothing is replayed twice',
      ],
      [clientTopics, 'goes on where it was on the next link; the overlap is dropped'],
    ],
  ],
  [
    '57',
    'The log was cut: a silent hole',
    [[traffic, 'away longer than the log: one gap with the exact range, then everything newer']],
  ],
  [
    '58',
    'The log is another one',
    [
      [recovery, 'a server that comes back without its log: one gap that says so, before anything newer'],
      [redisLog, 'everything lost: another epoch'],
    ],
  ],
  [
    '59',
    'The log was rolled back under its epoch',
    [
      [serverTopics, 'the same offset under another check is another entry'],
      [
        redisLog,
        'its tail lost: positions beyond it are rolled back, also when other entries have their offsets again',
      ],
      simulation,
    ],
  ],
  [
    '60',
    'Events are lost on a live link',
    [
      [
        recovery,
        'one event is swallowed on a live link: it is asked for again, and all are heard in order, without a gap',
      ],
      simulation,
    ],
  ],
  [
    '61',
    'A message that kills its link blocks the queue',
    [
      [
        outboxFaults,
        'after two blamed closes it travels alone, after three more it is rejected, its serial void, and the next go on',
      ],
    ],
  ],
  ['62', 'Snapshot and stream do not meet', [[clientTopics, 'a position, and all that is left, are asked for']]],
  [
    '63',
    'The outbox overflows',
    [
      [outbox, 'reject: what does not fit settles at once as not-sent'],
      [
        truth,
        'full outbox, ttl passed, abort, replaced, volatile and close while there is no link: not-sent, and never seen',
      ],
    ],
  ],
  ['64', 'A reload with messages that wait', 'An outbox that survives a reload is not part of this version.'],
  ['65', 'Two tabs empty one outbox', 'Tabs share no outbox in this version.'],
  ['66', 'Storage refuses', 'Nothing is stored in this version.'],
  ['67', 'A send within the `open` handler goes twice', [[driver, 'a send in the open handler goes once']]],
  ['68', 'ACK before durable', [[sender, 'resolves with its name and with what the acknowledgement stands for']]],
  [
    '69',
    'The handler ran, the process died before the record',
    [
      [
        traffic,
        'server restarted between transmission and ACK: sent again under the same id, marked; `once` is in doubt',
      ],
      simulation,
    ],
  ],
  ['70', 'A paused old server finishes after a takeover', [simulation]],
  [
    '71',
    'Holes trigger storms',
    [
      [outboxFaults, 'a nack is obeyed; one for what is just being sent again only when repeated'],
      [uplink, 'a hole is answered once, again at most once a second, and without progress the link ends'],
      simulation,
    ],
  ],
  [
    '72',
    'Replays flood',
    [
      [serverTopics, 'gets a long replay in pages, and the next one only when it has drained'],
      [sessions, 'a slow reader gets everything, or one gap for what the log had to forget'],
    ],
  ],
  ['73', 'Received or processed', [[clientTopics, 'hands on each event once, in order, and moves after the handler']]],
  [
    '74',
    'Numbers near 2^53, -0, 1e3',
    [
      [decoders, 'JSON: $lesson ($from) %#'],
      [codec, 'takes other spellings of the same numbers, the last of double keys, and lone surrogates'],
    ],
  ],
  [
    '75',
    'All clients return together',
    [
      [
        herd,
        '500 clients whose server is away for 30 s: first retries fill the spread evenly, later ones thin out, the return has no peak',
      ],
      [ends, 'the first retry after a healthy link is spread as the server has announced'],
      [upkeep, 'the spread of retries grows with the number of clients'],
    ],
  ],
  [
    '76',
    'Jitter is lost at the cap',
    [[backoff, 'a delay is uniform below the cap, which it keeps for ever: the jitter survives it']],
  ],
  [
    '77',
    'Accept, then close: back-off is reset',
    [
      [
        connection,
        'begin anew only after a link that has lasted, so that a server which accepts and drops is not hammered',
      ],
      simulation,
    ],
  ],
  [
    '78',
    'The server asks for a delay, or for nonsense',
    [
      [clientSession, 'obeys the hint of a bye, within bounds'],
      [hostileServer, 'numbers without end are clamped: it neither waits for ever nor hammers'],
    ],
  ],
  ['79', 'Beats of a herd stay in step', [[upkeep, 'of many links are spread over the interval']]],
  [
    '80',
    'Token endpoints are stormed',
    [
      [connection, 'are renewed at once, then by back-off: one renewal per failure'],
      [hostileServer, '10,000 wishes for a fresh credential in one packet ask the page once'],
    ],
  ],
  ['81', 'Mass recovery hits the database', [[serverTopics, 'a client that comes back gets exactly what it missed']]],
  [
    '82',
    'A rolling deployment',
    [
      [drain, 'a drain moves the client to the next server within its time: nothing lost, doubled or reordered'],
      [
        redisNodes,
        '1,000 messages published on one node reach a client of another, which is sent from node to node: each once, in order',
      ],
      rolling,
    ],
  ],
  ['83', 'All tabs wake at once', 'Tabs do not share a link in this version; each probes its own.'],
  [
    '84',
    'Pages of other origins',
    [
      [ends, 'requests and upgrades with a foreign Origin are refused'],
      [page, 'a page of a foreign origin is refused'],
      [sockets, 'a foreign origin'],
      [endpoints, 'from a foreign origin'],
    ],
  ],
  [
    '85',
    'Tokens in URLs',
    [
      [endpoints, 'a ticket works once, and for its codec and hello alone'],
      [listeners, 'a ticket opens one stream, once, and is no session'],
    ],
  ],
  [
    '86',
    'A hello in a header',
    [
      [sockets, 'secrets are never echoed: neither the hello nor what it carries stands in the answer'],
      [sockets, 'a hello %s'],
    ],
  ],
  [
    '87',
    'Sessions are guessed or stolen',
    [
      [endpoints, 'tokens are made of 128 random bits or more: of 5,000 no two have a half in common'],
      [endpoints, 'a token under another identity, or none, gets 4401; with a wrong secret it is no token'],
    ],
  ],
  [
    '88',
    'Another user signs in with a full outbox',
    [
      [
        sessions,
        'another identity does not get the session, and what was to be sent as one user is not sent as another',
      ],
      [sender, 'is never sent on as another user'],
    ],
  ],
  [
    '89',
    'Keys named like prototypes',
    [
      [decoders, 'JSON: $lesson ($from) %#'],
      [hostile, 'keys of prototypes in data are only data'],
    ],
  ],
  [
    '90',
    'Huge and endless messages, bombs',
    [
      [sockets, 'that claim a byte more than is taken in'],
      [sockets, 'of which each is small, without end'],
      [compression, 'a bomb, %s, is closed before it is made, and nobody else notices'],
      [decoders, 'a megabyte of %s costs no more than some honest megabytes'],
    ],
  ],
  [
    '91',
    'A bad packet ends the process',
    [
      [hostile, '100,000 mutated packets throw nothing, break nothing, and leave nothing behind'],
      [
        endpoints,
        'the corpus, as JSON and as MessagePack, then mutations of it: each is answered 200, 400, 409 or 415',
      ],
      [amplified, 'a function of allowedOrigins that throws refuses the request and the upgrade, and is reported'],
    ],
  ],
  [
    '92',
    'Counts that a peer gives',
    [
      [decoders, 'MessagePack: $lesson ($from) %#'],
      [
        amplified,
        'a link that subscribes and unsubscribes 10,000 times in one packet has its limit of questions asked',
      ],
    ],
  ],
  [
    '93',
    'Lines forged in event streams',
    [
      [
        endpoints,
        'whatever is published, in values and in keys, a stream is comments and one data line per packet, and gives it back',
      ],
      [endpoints, 'topics with line ends cannot be published to, subscribed to, or sent to'],
    ],
  ],
  [
    '94',
    'CORS with credentials',
    [[listeners, 'a foreign origin is refused, an allowed one gets its CORS headers, one of the same host needs none']],
  ],
  [
    '95',
    'Slow readers fill memory',
    [
      [crowds, '1,000 links that take nothing hold their share and no more, are closed, and keep nobody waiting'],
      [listeners, 'a reader that stops reading costs bounded memory, and gets everything when it reads on'],
    ],
  ],
  [
    '96',
    'Forged positions and ACKs',
    [
      [serverSessions, 'settling what was not acknowledged is a protocol error, in a frame and in hello'],
      [serverTopics, 'a client ahead of a log that lost its tail is shown another epoch, which it can come back with'],
      [outboxRecovery, 'serial %d, of which only 2 were sent, changes nothing'],
    ],
  ],
  [
    '97',
    'Floods before the hello',
    [
      [crowds, 'upgrades that never say hello are counted, refused beyond the limit, and closed in time'],
      [
        crowds,
        'bodies that are sent slowly are held up to the limit, the slowest make room, and honest ones are taken',
      ],
      [
        amplified,
        'tickets hold no more of what unknown clients say than the limit of links without a session stands for',
      ],
    ],
  ],
  [
    '98',
    'A client that trusts its server too much',
    [
      [
        hostileServer,
        'throw nothing into the page, and every offset is heard in order, once, with its holes announced',
      ],
      [hostileServer, 'numbers without end are clamped: it neither waits for ever nor hammers'],
      [outboxRecovery, 'a false tombstone is ignored as a whole'],
    ],
  ],
]

const network = 'test/browsers/cases/network.ts'
const host = 'test/browsers/cases/server.ts'
const pages = 'test/browsers/cases/page.ts'

/** What is shown in real browsers. In each case messages go both ways, and none may be lost, doubled or out of order. @type {[promise: string, proofs: Proof[]][]} */
export const inBrowsers = [
  [
    'A link that died in silence is replaced within heartbeat and grace',
    [
      [network, 'black hole both ways: found within heartbeat and grace, a new link takes over'],
      [network, 'black hole on the way down only'],
      [network, 'black hole on the way up only'],
      [network, '4 MiB in the buffers of a link that dies: the next dial does not wait for them'],
    ],
  ],
  [
    'A link that was lost is replaced as soon as there is a way',
    [
      [network, 'link reset: a new one within 2 s'],
      [network, 'nothing passes for 8 s: open again within 12 s of its end'],
      [network, 'ports refused for a minute: open within 32 s of its end, on WebSocket again later'],
      [network, 'the platform sees no network where there is one: a lost link is replaced all the same, within 16 s'],
    ],
  ],
  [
    'A link that works is kept, however bad',
    [
      [network, 'link down for 4 s: the socket survives, nothing reconnects'],
      [network, 'every tenth packet lost for 10 s: all arrive'],
      [network, '64 kbit/s for 8 s: no reconnect'],
      [network, '400 ms of delay each way: no reconnect'],
      [pages, 'a hidden tab, throttled: no reconnect'],
    ],
  ],
  [
    'Within 3 s of waking up all is well',
    [
      [pages, 'frozen for 6 s: open again within 3 s of its return'],
      [pages, 'the page’s process stopped for 8 s: well within 3 s of its going on'],
      [pages, 'the whole browser stopped for 18 s, its connections dead meanwhile: a new link within 3 s'],
      [host, 'the server process stopped for 8 s: well within 3 s of its going on'],
    ],
  ],
  [
    'A session outlives what a page goes through, and a page that is gone leaves nothing untrue',
    [
      [pages, 'left and returned to: from the back/forward cache with the same session, or loaded anew'],
      [pages, 'reloaded five times under load: nothing doubled, nothing acknowledged lost, all heard once'],
      [
        pages,
        'sends and reloads in the same task, again and again: nothing doubled, nothing acknowledged lost, all heard once',
      ],
      [pages, 'a link to a download: the page stays, and loses nothing'],
      [pages, 'a link to nothing (204): the page stays, and loses nothing'],
    ],
  ],
  [
    'What browsers limit hurts nobody else, or no longer than it lasts',
    [
      [host, 'a swallowed upgrade: fallen back within 12 s, and the other URL of the host unhurt'],
      [host, 'a swallowed upgrade, and the other URL of the host dials after it: both open within 24 s'],
      [host, '300 dials forced on a server that hangs: one at a time, and the other URL is dialled all the same'],
      [host, 'six event streams of others on HTTP/1.1: open in spite of them, or within 12 s of their end'],
      [host, 'seven tabs poll over HTTP/1.1: each is open, hears and is heard'],
      [host, 'seven tabs of event streams on HTTP/1.1: what those have that starve is settled once three are closed'],
    ],
  ],
]

/** Said in plain words on the page. @type {[what: string, why: string][]} */
export const untested = [
  [
    'iOS and Safari',
    'There is no machine for it here. WebKitGTK shares WebCore with it, neither its network stack nor how it suspends pages.',
  ],
  [
    'Android',
    'Its Chrome freezes tabs and changes networks as no desktop does. What is tested instead are freezing, the back/forward cache and links that die in silence, in desktop Chromium.',
  ],
  ['Windows and macOS', 'Everything runs on Linux.'],
  ['Real sleep', 'Tests make timers late, move clocks, freeze pages and stop processes. No machine is put to sleep.'],
  ['Real mobile networks, and handover between them', 'Tests delay, narrow, hold, cut and lose on one machine.'],
  [
    'Middleboxes by name',
    'Nginx and HAProxy are tested; antivirus software, corporate proxies and load balancers of clouds are stood for by what the fault proxy does to connections.',
  ],
  ['HTTP/3 and WebSocket over HTTP/2', 'Streams and polls are tested over HTTP/2.'],
  ['Service workers in between', 'Not tested.'],
  [
    'Denial of service by volume',
    'Bounds per link, and over strangers, are tested with a thousand of them. How many links per address there may be is for what stands in front (SECURITY.md).',
  ],
  ['More than hours', 'The longest run is the soak above.'],
]
