// Guards taken out, one at a time: each entry is one promise broken on purpose, and the suites that have to notice. Names say what breaks.
// `from` stands exactly once in the file. `npm run test:mutants` applies them to a copy; a survivor fails it.

const outbox = 'packages/protocol/src/outbox.ts'
const intake = 'packages/protocol/src/intake.ts'
const cursor = 'packages/protocol/src/cursor.ts'
const kinds = 'packages/protocol/src/kinds.ts'
const closeCodes = 'packages/protocol/src/close-codes.ts'
const connection = 'packages/client/src/connection.ts'
const attempts = 'packages/client/src/attempts.ts'
const backoff = 'packages/client/src/backoff.ts'
const client = 'packages/client/src/client.ts'
const topics = 'packages/client/src/topics.ts'
const session = 'packages/client/src/dialects/holdfast-session.ts'
const wire = 'packages/client/src/dialects/holdfast-wire.ts'
const plain = 'packages/client/src/dialects/plain-session.ts'
const plainStreams = 'packages/client/src/dialects/plain-streams.ts'
const shared = 'packages/client/src/shared.ts'
const uplink = 'packages/server/src/uplink.ts'
const sessions = 'packages/server/src/sessions.ts'
const journal = 'packages/server/src/journal.ts'
const contact = 'packages/server/src/contact.ts'
const serverTopics = 'packages/server/src/topics.ts'
const farewell = 'packages/server/src/farewell.ts'
const hub = 'packages/server/src/hub.ts'
const replay = 'packages/server/src/replay.ts'
const memoryLog = 'packages/server/src/memory-log.ts'

const dropIn = 'packages/client/src/drop-in'
const sockets = 'packages/server/src/sockets.ts'

const simulation = 'test/simulation'
const protocol = 'test/protocol'
const lifecycle = 'test/client/connection'
const driver = 'test/client/driver.test.ts'
const server = 'test/server'
const sharing = 'test/server/sharing.test.ts'
const arriving = 'test/server/sessions.test.ts'
const subscribing = 'test/server/topics.test.ts'
const amplified = 'test/security/amplified.test.ts'
const crowds = 'test/security/crowds.test.ts'

/**
 * @typedef {object} Mutant
 * @property {string} name what is broken
 * @property {string} file
 * @property {string} from
 * @property {string} to
 * @property {string[]} by suites of which one has to fail
 * @property {string} [oracle] of the simulation, the one that has to object (test/simulation/oracles.ts)
 */

/** @type {Mutant[]} */
export const mutants = [
  // ---- up
  {
    name: 'intake takes a message twice (no dedupe by serial)',
    file: intake,
    from: 'if (serial <= received) {',
    to: 'if (serial <= received - 1) {',
    by: [protocol],
  },
  {
    name: 'intake hands on what is above a hole (order lost)',
    file: intake,
    from: 'if (serial > received + 1) {',
    to: "if (serial > received + 1) { received = serial; return 'taken' } else if (!serial) {",
    by: [protocol],
  },
  {
    name: 'intake keeps any number of messages above a hole (window unbounded)',
    file: intake,
    from: "if (serial > received + window || serial > settled + 4 * window) return 'beyond'",
    to: '',
    by: [protocol, server],
  },
  {
    name: 'acknowledged before the handler has finished',
    file: intake,
    from: 'return [handled, fresh]',
    to: 'return [received, fresh]',
    by: [simulation],
    oracle: 'acknowledged',
  },
  {
    name: 'results forgotten before the client has settled them',
    file: intake,
    from: '      untold = new Set()\n      told = handled\n',
    to: '      untold = new Set()\n      results.clear()\n      told = handled\n',
    by: [protocol, simulation],
  },
  {
    name: 'the answer to a repeated message is not told again (a lost ACK stays lost)',
    file: intake,
    from: '        told = Math.min(told, Math.max(serial - 1, 0))\n',
    to: '',
    by: [protocol, simulation],
  },
  {
    name: 'client believes acknowledgements of what it never sent',
    file: outbox,
    from: 'if (serial > lastSerial) return false',
    to: '',
    by: [protocol, 'test/client/session.test.ts'],
  },
  {
    name: 'nothing is sent again on a resumed session',
    file: outbox,
    from: 'nextSerial = Math.max(serial, settledUpTo()) + 1',
    to: 'nextSerial = lastSerial + 1',
    by: [simulation],
    oracle: 'session',
  },
  {
    name: 'a message of a lost session is sent again under a new id',
    file: outbox,
    from: "entry.id ||= session + '.' + lastSerial",
    to: "entry.id = session + '.' + lastSerial",
    by: [simulation],
    oracle: 'once',
  },
  {
    name: 'a redelivered message does not say so',
    file: outbox,
    from: '          entry.redelivered = true\n',
    to: '',
    by: [protocol, simulation],
  },
  {
    name: '`once` is sent again in a new session',
    file: outbox,
    from: "if (entry.once) drop(entry, 'session-lost')",
    to: 'if (false) {}',
    by: [protocol],
  },
  {
    name: 'a message that was on a link counts as not sent',
    file: outbox,
    from: "entry.redelivered || entry.serial < Infinity ? 'in-doubt' : 'not-sent'",
    to: "'not-sent'",
    by: [simulation],
    oracle: 'not-sent',
  },
  {
    name: 'the tombstone of a lost session is ignored',
    file: outbox,
    from: 'const isTrue = !former || acknowledge(...former)',
    to: 'const isTrue = true',
    by: [protocol, simulation],
  },
  {
    name: 'expired messages are sent all the same',
    file: outbox,
    from: "if (by <= now) drop(entry, 'expired')",
    to: 'if (false) {}',
    by: [simulation],
    oracle: 'sound',
  },
  {
    name: 'a poisonous message blocks the queue for ever',
    file: outbox,
    from: 'strikes = (entry === suspect ? strikes : 0) + (blame ? BLAMED : 1)',
    to: 'strikes = 0',
    by: [protocol],
  },
  {
    name: 'a cut of the network is held against a message like a close that blames it',
    file: outbox,
    from: '(blame ? BLAMED : 1)',
    to: 'BLAMED',
    by: [protocol],
  },
  {
    name: 'the outbox has no limit',
    file: outbox,
    from: "limits.overflow === 'wait' || (messagesOver <= 0 && bytesOver <= 0)",
    to: 'true',
    by: [simulation],
    oracle: 'bounds',
  },
  {
    name: 'a lost tail is never noticed on a quiet link',
    file: session,
    from: 'if (!check(frame[0], outbox.beat(frame[2]))) return',
    to: '',
    by: ['test/client/session.test.ts', simulation],
  },
  {
    name: 'what was meant for one user is sent as another',
    file: session,
    from: "if (identity !== undefined && identity !== raw.identity) outbox.clear('identity-changed')",
    to: '',
    by: [
      'test/client/session.test.ts',
      'test/client/sender.test.ts',
      'test/client/driver.test.ts',
      'test/promises/sessions.test.ts',
    ],
  },
  {
    name: 'one session for two tabs: what took the session over is chased for ever',
    file: closeCodes,
    from: "const RANGES: readonly ClosePolicy[] = ['stop', 'authenticate', 'later', 'now', 'fresh']",
    to: "const RANGES: readonly ClosePolicy[] = ['stop', 'authenticate', 'later', 'now', 'now']",
    by: [protocol, 'test/client/session.test.ts'],
  },
  {
    name: 'after a crash a message is started twice without being told (at-most-once ignored)',
    file: uplink,
    from: "(message.id !== null || message.again) && (message.once || settings.intake === 'at-most-once')",
    to: 'false',
    by: [server],
  },
  {
    name: 'messages of a session are handled side by side (order lost)',
    file: uplink,
    from: 'session.blockedBy = serial\n',
    to: 'session.blockedBy = 0\n',
    by: [simulation],
    oracle: 'order',
  },
  {
    name: 'a buried session goes on starting messages',
    file: uplink,
    from: "place.state !== 'gone' && ",
    to: '',
    by: [server, simulation],
  },
  {
    name: 'a message is started before it is recorded (a server that dies leaves no trace of it)',
    file: intake,
    from: 'let released = record ? received : Infinity',
    to: 'let released = Infinity',
    by: [sharing],
  },
  {
    name: 'a message is acknowledged before its result is recorded',
    file: uplink,
    from: 'if (session.journal) session.journal.finish(serial, answer)\n    else session',
    to: 'session.journal?.finish(serial, answer)\n    session',
    by: [sharing],
  },
  {
    name: 'what a server that died had begun is started again unmarked',
    file: journal,
    from: 'if (still && message) message.again = still.again',
    to: 'if (still && message) message.again = false',
    by: [sharing],
  },
  {
    name: 'a message sent once is started again by another server',
    file: journal,
    from: "once: id === ''",
    to: 'once: false',
    by: [sharing],
  },
  {
    name: 'a server that takes a session up does not wait for what another one has begun (order lost)',
    file: uplink,
    from: ' && !journal?.waits',
    to: '',
    by: [sharing],
  },
  {
    name: 'messages that were given to a working copy which never came to be are waited for for ever',
    file: 'packages/server/src/claims.ts',
    from: 'else if (serials.length) giveBack(id, holder, NEVER_WRITTEN, serials).catch(failed)',
    to: '',
    by: [sharing],
  },
  {
    name: 'a failed write to the store is made again as another one',
    file: journal,
    from: "void write(batch, 'again')",
    to: "void write({ ...batch, version: version + 1 }, 'again')",
    by: [sharing],
  },
  {
    name: 'a superseded link can still deliver (no fence)',
    file: contact,
    from: 'if (isCurrent(attachment)) handle(attachment, frames, bytes)',
    to: 'handle(attachment, frames, bytes)',
    by: [server, simulation],
  },
  {
    name: 'a repeated POST acts twice',
    file: contact,
    from: 'handle(attachment, fresh ? frames : frames.filter(isReliable), bytes)',
    to: 'handle(attachment, frames, bytes)',
    by: [server, simulation],
  },
  {
    name: 'any secret opens a session',
    file: sessions,
    from: 'timingSafeEqual(secret, session.secret)',
    to: 'secret.length > 0',
    by: [server],
  },
  {
    name: 'sessions never expire',
    file: sessions,
    from: 'session.place.since + resumeWindow > now) break',
    to: 'session.place.since + resumeWindow > -1) break',
    by: [simulation],
    oracle: 'leftovers',
  },
  {
    name: 'a session is forgotten while its handler runs',
    file: sessions,
    from: 'if (!isWorking(session) || atLatest <= now) bury',
    to: 'if (true) bury',
    by: [server, simulation],
  },
  // ---- down
  {
    name: 'the cursor takes duplicates',
    file: cursor,
    from: "offset > own[1] ? 'next' : 'duplicate'",
    to: "'next'",
    by: [protocol],
  },
  {
    name: 'the cursor takes what is beyond a hole (silent gap)',
    file: cursor,
    from: "return offset > own[1] + 1 ? 'ahead' :",
    to: 'return',
    by: [protocol],
  },
  {
    name: 'another epoch passes as the same log',
    file: cursor,
    from: 'const sameLog = !from?.[0] || from[0] === position[0]',
    to: 'const sameLog = true',
    by: [protocol, simulation],
  },
  {
    name: 'a gap is not announced',
    file: topics,
    from: 'if (hole) subscriber.gap(toGap(name, hole))',
    to: '',
    by: [simulation],
    oracle: 'topics',
  },
  {
    name: 'a second question about a topic is asked before the first is answered',
    file: topics,
    from: 'if (isAnswered(topic)) owner.leave(name)\n          else leaving.add(name)\n',
    to: 'owner.leave(name)\n',
    by: ['test/client/topics.test.ts'],
  },
  {
    name: 'the position moves before the handler has run',
    file: topics,
    from: '          deliver(message)\n          // After the handler has returned or thrown.\n          cursor.advance(offset, topic.check)\n',
    to: '          cursor.advance(offset, topic.check)\n          deliver(message)\n',
    by: ['test/client/topics.test.ts', 'test/client/handle.test.ts'],
  },
  {
    name: 'live messages overtake the replay',
    file: topics,
    from: 'if (isBehind(topic, offset - 1)) return ask(name, topic)',
    to: '',
    by: ['test/client/topics.test.ts', simulation],
  },
  {
    name: 'a lost last message of a quiet topic is never noticed',
    file: topics,
    from: "if (topic?.phase === 'live' && isBehind(topic, offset)) ask(name, topic)",
    to: '',
    by: ['test/client/topics.test.ts', simulation],
  },
  {
    name: 'a log that was rolled back passes as up to date',
    file: memoryLog,
    from: 'check === at(stream, offset)[2]',
    to: 'true',
    by: ['test/server/memory-log.test.ts'],
  },
  {
    name: 'what is appended between locating and watching is missed',
    file: serverTopics,
    from: 'const next = entry.epoch === sent[0] && entry.offset === sent[1] + 1',
    to: 'const next = true',
    by: [server, simulation],
  },
  {
    name: 'a trimmed log is read as if nothing were missing',
    file: replay,
    from: 'if (!page) return relocate(subscription, done)',
    to: 'page ??= { entries: [], top: 0 } as never',
    by: ['test/server/topics.test.ts'],
  },
  {
    name: 'a poll response that comes twice is taken twice',
    file: wire,
    from: 'if (n <= at) return []',
    to: '',
    by: ['test/client/dialect.test.ts'],
  },
  // ---- what no other entry shows of the oracles
  {
    name: 'a refusal is told as a failure',
    file: uplink,
    from: "known ? words(error.code).slice(0, 256) : 'handler-failed'",
    to: "'handler-failed'",
    by: [simulation],
    oracle: 'outcome',
  },
  {
    name: 'what a handler has refused is never answered',
    file: uplink,
    from: '    finish(session, serial, rejection(session.codec, serial, error))\n',
    to: '',
    by: [simulation],
    oracle: 'settles',
  },
  {
    name: 'no back-off: attempts follow each other at once',
    file: backoff,
    from: 'random() * Math.min(cap, base * 2 ** retry)',
    to: 'random() * 10',
    by: [simulation],
    oracle: 'cost',
  },
  {
    name: 'a link that is given up is not closed',
    file: client,
    from: 'current?.link?.close(bye ? [bye] : undefined)\n',
    to: '',
    by: [simulation],
    oracle: 'one-link',
  },
  {
    name: 'chance comes from elsewhere than the seed',
    file: backoff,
    from: 'random() *',
    to: '((performance.now() * 1000) % 1) *',
    by: ['test/simulation/simulation.test.ts'],
    oracle: 'repeatable',
  },
  // ---- lifecycle
  {
    name: 'callbacks of a replaced link still count',
    file: client,
    from: 'if (!me || me !== current) return\n',
    to: 'if (!me) return\n',
    by: [simulation],
    oracle: 'fence',
  },
  {
    name: 'frames of a replaced link still count',
    file: client,
    from: 'if (me !== current && me !== candidate) return',
    to: '',
    by: [driver, simulation],
  },
  {
    name: 'a late answer of auth() counts for a newer attempt',
    file: client,
    from: '      if (state !== asked) return\n      credential = fresh\n',
    to: '      credential = fresh\n',
    by: ['test/client'],
  },
  {
    name: 'the back-off starts anew with every link that opens',
    file: connection,
    from: 'turn.now - course.openedAt < turn.minUptime ? course',
    to: 'false ? course',
    by: [lifecycle],
  },
  {
    name: 'an offline hint forbids every retry',
    file: attempts,
    from: 'const by = turn.now + (isOnline ? after : Math.max(after, OFFLINE_RETRY))',
    to: 'const by = isOnline ? turn.now + after : Infinity',
    by: [lifecycle],
  },
  {
    name: 'an offline event drops a living socket',
    file: connection,
    from: 'return [{ ...state, by: Math.min(by, now + pulse.grace) }]',
    to: "return [{ at: 'waiting', by: now, course, cause: lost('offline') }, ['drop']]",
    by: [lifecycle],
  },
  {
    name: 'a timer that fired late declares death',
    file: connection,
    from: 'if (late > LATE && state.grants) return wake(turn, state, state.grants - 1)',
    to: '',
    by: [lifecycle],
  },
  {
    name: 'what lay in a buffer through a sleep shows that the link lives (no 250 ms after a wake-up)',
    file: connection,
    from: 'state.by - now <= WAKE_GRACE - STALE',
    to: 'state.by - now <= WAKE_GRACE',
    by: [lifecycle],
  },
  {
    name: 'nothing but an answer shows life after a wake-up, however late it comes',
    file: connection,
    from: 'state.haste || state.by - now <= WAKE_GRACE - STALE',
    to: 'state.haste',
    by: [lifecycle],
  },
  {
    name: 'a socket that opens and stays mute counts as connected',
    file: connection,
    from: "return at === 'opening' ? [{ at: 'joining', by: now + turn.join, course }] : [state]",
    to: "return at === 'opening' ? [{ at: 'joining', by: Infinity, course }] : [state]",
    by: [simulation],
    oracle: 'recovery',
  },
  {
    name: 'no jitter: everybody comes back at once',
    file: backoff,
    from: 'random()',
    to: '1',
    by: ['test/client/backoff.test.ts'],
  },
  {
    name: 'the first close() ends the connection for all',
    file: shared,
    from: 'if (--mine.leases) return',
    to: '--mine.leases',
    by: ['test/client/registry.test.ts'],
  },
  {
    name: 'whoever connects while it lingers acts as the user who has left',
    file: shared,
    from: '!isFor(shared, options.auth)',
    to: 'shared.claim === 0',
    by: ['test/client/registry.test.ts'],
  },
  {
    name: 'a connection that nobody holds any more leaves what is pending, for the next user has come',
    file: shared,
    from: 'if (!shared.driver.snapshot().pending) shared',
    to: 'shared',
    by: ['test/client/registry.test.ts'],
  },
  {
    name: 'a frame of a wrong shape gets through',
    file: kinds,
    from: 'Number.isSafeInteger(value) && 1 / (value as number) > 0',
    to: "typeof value === 'number'",
    by: [protocol],
  },

  // ---- drop-in sockets
  {
    name: 'a drop-in socket goes on in a session that does not know it',
    file: dropIn + '/holdfast-server.ts',
    from: "if (state === 'begun' && !resumed) events.lost(LOST, 'session lost')",
    to: "if (false) events.lost(LOST, 'session lost')",
    by: ['test/drop-in'],
  },
  {
    name: 'a drop-in socket goes on with a hole in what it was sent',
    file: dropIn + '/holdfast-server.ts',
    from: "name === SESSION_INBOX && events.lost(LOST, 'messages lost')",
    to: 'void name',
    by: ['test/drop-in/ends.test.ts'],
  },
  {
    name: 'a lost drop-in socket says `error`, at which graphql-ws gives up',
    file: dropIn + '/socket.ts',
    from: "if (ending === 'failed') this",
    to: "if (ending !== 'clean') this",
    by: ['test/drop-in'],
  },
  {
    name: 'what is sent behind a blob overtakes it',
    file: dropIn + '/socket.ts',
    from: 'if (!this._tail && isRead(content)) return',
    to: 'if (isRead(content)) return',
    by: ['test/drop-in/interface.test.ts'],
  },
  {
    name: 'a socket begins in the middle of what was sent on another one',
    file: sockets,
    from: 'meta.redelivered || !(',
    to: '!(',
    by: ['test/drop-in/ends.test.ts'],
  },
  // ---- servers that know nothing of Holdfast
  {
    name: 'a plain server that talks all the time never hears a ping',
    file: plain,
    from: '&& heardAt - saidAt >= beat) ping()',
    to: '&& heardAt < saidAt) ping()',
    by: ['test/client/plain-liveness.test.ts'],
  },
  {
    name: 'a message that a plain server finds wrong is sent again and again',
    file: plain,
    from: 'return !!serial',
    to: 'return false',
    by: ['test/client/plain-http.test.ts'],
  },
  {
    name: 'the answer to a POST takes the id of the last event away',
    file: plain,
    from: 'lastEventId = item.about.id || lastEventId',
    to: "lastEventId = item.about.id ?? ''",
    by: ['test/client/plain-http.test.ts'],
  },
  {
    name: 'what a plain server repeats is told twice',
    file: plainStreams,
    from: 'if (offset <= stream.at) {',
    to: 'if (offset < stream.at) {',
    by: ['test/client/plain'],
  },
  {
    name: 'a hole is told at once, though a plain server can be asked for it',
    file: plainStreams,
    from: 'if (!resume) {',
    to: 'if (resume) {',
    by: ['test/client/plain'],
  },
  {
    name: 'a gzip bomb in a POST goes off',
    file: 'packages/server/src/listeners/body.ts',
    from: 'maxOutputLength: limit',
    to: 'maxOutputLength: 2 ** 31',
    by: ['test/server/compression.test.ts'],
  },
  {
    name: 'a bomb of permessage-deflate goes off',
    file: 'packages/server/src/listeners/web-socket.ts',
    from: 'maxPayload: limits.received',
    to: 'maxPayload: 2 ** 31 - 1',
    by: ['test/server/compression.test.ts'],
  },
  {
    name: 'a squeezed message tells what is in those before it',
    file: 'packages/server/src/listeners/compression.ts',
    from: 'serverNoContextTakeover: true',
    to: 'serverNoContextTakeover: false',
    by: ['test/server/compression.test.ts'],
  },
  {
    name: 'bytes change while they wait to be sent',
    file: 'packages/client/src/codecs/binary.ts',
    from: 'message.byteLength).slice()',
    to: 'message.byteLength)',
    by: ['test/client/codecs.test.ts'],
  },
  // ---- strangers
  {
    name: 'an allowedOrigins that gives a promise lets everybody in',
    file: 'packages/server/src/listeners/gate.ts',
    from: 'return allowed === true',
    to: 'return Boolean(allowed)',
    by: [amplified],
  },
  {
    name: 'tickets hold any number of large hellos',
    file: 'packages/server/src/listeners/event-source.ts',
    from: 'weight + weightOf(bytes) > limits.unauthenticated',
    to: 'tickets.size >= limits.unauthenticated',
    by: [amplified],
  },
  {
    name: 'a link has any number of credentials looked at',
    file: contact,
    from: 'if (credentials.shown >= CREDENTIALS || credentials.pending >= CREDENTIALS) return close(attachment, TOO_MANY)',
    to: '',
    by: [amplified],
  },
  {
    name: 'an authenticate that crashed is taken for a refusal',
    file: farewell,
    from: 'return CRASHED',
    to: "return { code: CloseCode.unauthenticated, reason: 'credential refused' }",
    by: [arriving],
  },
  {
    name: 'an authorize that crashed permits the subscription',
    file: serverTopics,
    from: "if (subscription.state !== 'ended') return unavailable(attachment, error, 'authorize')",
    to: "if (subscription.state !== 'ended') return locate(subscription, logged, position, ready)",
    by: [subscribing],
  },
  {
    name: 'an authorize that crashed denies the subscription for ever',
    file: serverTopics,
    from: "if (subscription.state !== 'ended') return unavailable(attachment, error, 'authorize')",
    to: "if (subscription.state !== 'ended') return refuse('forbidden', 'not allowed to subscribe to this topic')",
    by: [subscribing],
  },
  {
    name: 'a session stays whose link was closed before its welcome',
    file: hub,
    from: 'if (!resumed && !isCurrent(attachment)) sessions.end(session)',
    to: '',
    by: [subscribing],
  },
  {
    name: 'a link has any number of subscriptions looked at that it has given up',
    file: serverTopics,
    from: ' || attachment.asking > limits.subscriptions',
    to: '',
    by: [amplified],
  },
  {
    name: 'a subscription that was given up keeps those behind it waiting',
    file: serverTopics,
    from: 'return ready(() => {})',
    to: 'return',
    by: [amplified],
  },
  {
    name: 'bodies of strangers are held without a bound over all of them',
    file: 'packages/server/src/listeners/body.ts',
    from: 'if (held <= total) return',
    to: 'return',
    by: [crowds],
  },
  {
    name: 'pings of WebSockets are answered to one who reads nothing',
    file: 'packages/server/src/listeners/web-socket.ts',
    from: 'if (socket.bufferedAmount < limits.buffered) socket.pong(data)',
    to: 'socket.pong(data)',
    by: ['test/security/sockets.test.ts'],
  },
  {
    name: 'MessagePack that is no UTF-8 is taken for text',
    file: 'packages/protocol/src/message-pack-scan.ts',
    from: "if (kind === 'text' && !isText(bytes, from, at)) return found(NO_TEXT)",
    to: '',
    by: ['test/security/decoders.test.ts'],
  },
  {
    name: 'a server that repeats itself makes the page ask for credentials again and again',
    file: session,
    from: "if (renewal === 'asked') return",
    to: '',
    by: ['test/security/hostile-server.test.ts'],
  },
]
