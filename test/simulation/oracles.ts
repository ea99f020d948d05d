/** What every run is judged by. Each of them is seen to work by a mutant that it has to find (`oracle` in test/mutants/mutants.mjs). */
export const ORACLES = {
  once: 'a handler starts a message once, unless its process died or its session was over; then it is told',
  acknowledged: 'what is acknowledged was handled, and the answer is that of its handler',
  'not-sent': 'what is not sent was on no link, and no process heard it',
  outcome: 'every other outcome is true, too',
  settles: 'every send settles, once',
  order: 'messages of a session start in the order in which they were sent',
  topics:
    'offsets of one epoch, each once, with the content of the log; every hole is told, exactly, before anything newer',
  recovery: 'two minutes after the last fault everything is connected and caught up, and stays so',
  cost: 'messages, other frames and links stay in proportion to what was asked for',
  'one-link': 'a client opens one link at a time, and a second one only to move up',
  fence: 'what comes by a link that was replaced has no effect, at either end',
  session: 'a session is kept as long as was promised, and resumed where it stood',
  leftovers: 'what is closed leaves no timer, listener, link or session',
  bounds: 'what is kept stays within its limits',
  repeatable: 'two runs of one seed leave one trace',
  sound: 'nothing throws, and every run comes to an end',
} as const
export type Oracle = keyof typeof ORACLES

/** Which one a failure is of: told as `[once] ...`. */
export const oracleOf = (failure: string): string => /^\[([\w-]+)\]/.exec(failure)?.[1] ?? ''
