// What `npm run test:model` checks: variants of the model that have to hold, each with some of the faults, so that every one of them can
// be searched to the end; and bugs, each a guard taken away, which have to break the promise named.

/** @type {readonly { name: string, flags: readonly string[], rests?: boolean }[]} */
export const variants = [
  { name: 'tombstones, a POST repeated late', flags: ['EXPIRY'] },
  { name: 'tombstones, settled frames', flags: ['EXPIRY', 'SETTLES', 'COPIES=0'] },
  { name: 'late frames, settled frames', flags: ['LATE', 'SETTLES', 'COPIES=0'] },
  { name: 'late frames, a POST repeated late', flags: ['LATE', 'ABORTED=0'] },
  { name: 'late frames, tombstones', flags: ['LATE', 'EXPIRY', 'COPIES=0'] },
  { name: 'a twin, tombstones', flags: ['TWINS=1', 'EXPIRY'] },
  { name: 'a twin, late frames', flags: ['TWINS=1', 'LATE', 'EXPIRY', 'COPIES=0'] },
  { name: 'a twin, one more fault', flags: ['TWINS=1', 'LINKS=4', 'EXPIRY', 'COPIES=0', 'ABORTED=0'] },
  { name: 'handlers side by side', flags: ['CONCURRENT', 'EXPIRY'] },
  { name: 'handlers side by side, window 3', flags: ['CONCURRENT', 'WINDOW=3', 'EXPIRY', 'COPIES=0'] },
  { name: 'intake at most once', flags: ['AT_MOST_ONCE', 'EXPIRY'] },
  { name: 'names of messages', flags: ['IDS', 'EXPIRY'] },
  { name: 'the first aborted, the last refused', flags: ['ABORTED=1', 'REFUSED=3', 'EXPIRY'] },
  { name: 'the first once, the second aborted', flags: ['ONCE=1', 'ABORTED=2', 'REFUSED=3', 'EXPIRY', 'COPIES=0'] },
  { name: 'nothing goes on for ever', flags: ['EXPIRY', 'SETTLES', 'COPIES=0'], rests: true },
]

/** @type {readonly { name: string, flags: readonly string[], breaks: string }[]} */
export const bugs = [
  { name: 'NO_FENCE', flags: ['LATE'], breaks: 'fenced' },
  { name: 'CLIENT_HEARS_OLD_LINKS', flags: ['LATE'], breaks: 'no_false_protocol_error' },
  { name: 'STALE_HELLO_ACCEPTED', flags: [], breaks: 'no_eviction_without_twin' },
  { name: 'TAKEN_OVER_RESUMES', flags: ['TWINS=1'], breaks: 'no_eviction_loop' },
  { name: 'DEDUPE_FORGOTTEN_ON_RESUME', flags: [], breaks: 'handler_started_once' },
  { name: 'DUPLICATE_TAKEN_IN', flags: ['ABORTED=0'], breaks: 'handler_started_once' },
  { name: 'ACK_BEFORE_RECORD', flags: [], breaks: 'acknowledged_means_recorded' },
  { name: 'ACK_COVERS_RUNNING', flags: ['CONCURRENT'], breaks: 'acknowledged_means_recorded' },
  { name: 'RESULT_FORGOTTEN_WHEN_TOLD', flags: [], breaks: 'acknowledged_means_recorded' },
  { name: 'SETTLES_TWICE', flags: [], breaks: 'settled_once' },
  { name: 'SERIALS_KEPT_AFTER_RESTART', flags: [], breaks: 'no_wedge' },
  { name: 'SESSION_NAME_REUSED', flags: ['IDS'], breaks: 'ids_unique' },
  { name: 'ONCE_SENT_AGAIN', flags: [], breaks: 'handler_started_once' },
  { name: 'REDELIVERED_GOES_LAST', flags: [], breaks: 'order_kept' },
  { name: 'TOMBSTONE_IGNORED', flags: ['EXPIRY'], breaks: 'handler_started_once' },
  { name: 'BURIED_WHILE_RUNNING', flags: ['EXPIRY'], breaks: 'handler_started_once' },
  { name: 'STARTED_AGAIN', flags: ['AT_MOST_ONCE'], breaks: 'handler_started_once' },
  { name: 'IN_DOUBT_COUNTS_AS_REJECTED', flags: ['AT_MOST_ONCE'], breaks: 'rejected_means_refused' },
  { name: 'ABORTED_ON_LINK_IS_NOT_SENT', flags: [], breaks: 'not_sent_means_unseen' },
  { name: 'ABORTED_COUNTS_AS_SETTLED', flags: ['SETTLES'], breaks: 'no_false_protocol_error' },
  { name: 'ABORTED_SERIAL_SKIPPED', flags: ['ABORTED=1', 'REFUSED=3'], breaks: 'no_wedge' },
]
