/** Seeds that once found a broken promise, and which: each is run every time. */
export const corpus: ReadonlyMap<number, string> = new Map([
  [43, 'a short-lived credential was asked for again on every look, once it had been renewed'],
  [53, 'a log that was rolled back had the server look for entries above its top for ever'],
  [373, 'a redelivered message was rejected as poison, though its former session had handled it'],
  [
    9274,
    'who subscribed anew at once was given the answer meant for the subscription before, and told of a gap that was none',
  ],
])
