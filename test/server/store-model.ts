/**
 * What a store of sessions answers about one session, told as simply as it can be: a list of messages, and whose each is. The stores of the suite are held
 * against it in random interleavings of two nodes.
 */
import type { Batch, Claim, Claimed, Gone, Refused, Seized, Written } from '@holdfast/server'

/** `null`: nobody's. `done`: handled. */
interface Message {
  holder: string | null
  state: 'pending' | 'done'
  again: boolean
  result: string | null
}

export interface Model {
  readonly messages: readonly Message[]
  readonly holder: string
  readonly incarnation: number
  claim(claim: Claim): Claimed | Gone | Refused
  write(holder: string, batch: Batch): Written
  seize(holder: string, from: readonly (string | null)[]): Seized | Written
  bury(holder: string): boolean
}

/** `text`: of the message with this serial. */
export function createModel(first: { holder: string; createdAt: number }, text: (serial: number) => string): Model {
  const messages: Message[] = []
  let { holder } = first
  let incarnation = 1
  let version = 1
  let settled = 0
  let inboxes: string | null = null
  let isBuried = false

  const handled = (): number => {
    const open = messages.findIndex(({ state }) => state === 'pending')
    return open === -1 ? messages.length : open
  }
  const serials = (state: Message['state']): number[] =>
    messages.flatMap((message, i) => (message.state === state ? [i + 1] : []))
  const results = (above: number): [number, string][] =>
    serials('done').flatMap((serial): [number, string][] => {
      const { result } = messages[serial - 1]!
      return result !== null && serial > above ? [[serial, result]] : []
    })
  const pending = (): Seized['pending'] =>
    serials('pending').map((serial) => {
      const { holder: by, again } = messages[serial - 1]!
      return { serial, holder: by, again }
    })
  function settle(upTo: number): void {
    settled = Math.max(settled, Math.min(upTo, handled()))
  }
  function record(by: string, { finished, released }: Batch): void {
    const own = (serial: number): Message | undefined => {
      const message = messages[serial - 1]
      return message?.state === 'pending' && message.holder === by ? message : undefined
    }
    for (const [serial, result] of finished)
      Object.assign(own(serial) ?? {}, { state: 'done', result: result as string | null })
    for (const serial of released) Object.assign(own(serial) ?? {}, { holder: null })
  }

  return {
    messages,
    get holder() {
      return holder
    },
    get incarnation() {
      return incarnation
    },
    claim(claim) {
      if (isBuried) return { state: 'gone', handled: handled(), results: results(Math.max(settled, claim.settled)) }
      if (claim.incarnation <= incarnation) return { state: 'stale' }
      if (claim.settled > handled()) return { state: 'unknown' }
      const former = holder
      if (claim.mine !== holder) holder = claim.fresh
      incarnation = claim.incarnation
      settle(claim.settled)
      for (const message of messages) if (message.state === 'pending') message.holder ??= holder
      return {
        state: 'claimed',
        holder,
        former,
        version,
        createdAt: first.createdAt,
        received: messages.length,
        handled: handled(),
        settled,
        pending: pending().map((each) => ({ ...each, message: text(each.serial) })),
        results: results(settled),
        inboxes,
      }
    },
    write(by, batch) {
      if (isBuried || by !== holder) {
        record(by, batch)
        record(by, { ...batch, finished: [], released: batch.taken.map(([serial]) => serial) })
        return isBuried ? { state: 'lost' } : { state: 'fenced', holder }
      }
      if (batch.version === version - 1) return { state: 'written' }
      if (batch.version > version) isBuried = true
      if (batch.version !== version || batch.taken.some(([serial], i) => serial !== messages.length + 1 + i))
        return { state: 'lost' }
      for (const [, message] of batch.taken)
        messages.push({ holder: by, state: message === null ? 'done' : 'pending', again: false, result: null })
      record(by, batch)
      settle(batch.settled)
      inboxes = batch.inboxes ?? inboxes
      version++
      return { state: 'written' }
    },
    seize(by, from) {
      if (isBuried) return { state: 'lost' }
      if (by !== holder) return { state: 'fenced', holder }
      for (const message of messages) {
        if (message.state === 'done' || !from.includes(message.holder)) continue
        message.again ||= message.holder !== null
        message.holder = by
      }
      return { state: 'seized', pending: pending(), results: results(settled) }
    },
    bury(by) {
      const was = !isBuried && by === holder
      isBuried ||= was
      return was
    },
  }
}
