/** What the scripts about sessions take and answer, in the words of the contract. */
import type { Packet } from '@holdfast/protocol'
import type { Batch, Claim, Claimed, Gone, Kept, Refused, Seized, Whereabouts, Written } from '@holdfast/server'
import { pack, unpack } from './packets.ts'

export type Reply = readonly (Buffer | number | null | Reply)[]
export type Argument = string | Buffer

type Farewell = Whereabouts['farewell']

/** A name that may be missing, so that no name reads as none. */
export const maybe = (name: string | null): string => (name === null ? '' : `=${name}`)

const NONE = ''
const packed = (packet: Packet | null): Argument => (packet === null ? NONE : pack(packet))

/** Nothing of a farewell says that there is none; its code comes first. */
export const sayFarewell = (farewell: Farewell): string => (farewell ? `${farewell.code} ${farewell.reason}` : NONE)
function readFarewell(said: string): Farewell {
  if (!said) return null
  const space = said.indexOf(' ')
  return { code: Number(said.slice(0, space)), reason: said.slice(space + 1) }
}

export const claimArguments = (claim: Claim): Argument[] => [
  claim.proof,
  maybe(claim.identity),
  claim.codec,
  String(claim.incarnation),
  String(claim.settled),
  claim.mine ?? NONE,
  claim.fresh,
]

export function batchArguments(holder: string, batch: Batch): Argument[] {
  const { version, taken, finished, released, settled, inboxes } = batch
  const first = taken[0]?.[0] ?? 0
  // One that is not consecutive begins nowhere.
  const isWhole = taken.every(([serial], i) => serial === first + i)
  return [
    holder,
    String(version),
    String(settled),
    maybe(inboxes),
    String(isWhole ? first : -1),
    String(taken.length),
    ...taken.map(([, message]) => packed(message)),
    String(finished.length),
    ...finished.flatMap(([serial, result]) => [String(serial), packed(result)]),
    ...released.map(String),
  ]
}

const text = (value: Reply[number] | undefined): string => String(value)
const number = (value: Reply[number] | undefined): number => Number(String(value))

/** A hash of what belongs to serials, by serial. */
function bySerial<T>(hash: Reply[number] | undefined, read: (serial: number, value: Buffer) => T): T[] {
  const flat = hash as Buffer[]
  const all: { serial: number; value: T }[] = []
  for (let i = 0; i < flat.length; i += 2) {
    const serial = number(flat[i])
    all.push({ serial, value: read(serial, flat[i + 1]!) })
  }
  return all.sort((a, b) => a.serial - b.serial).map(({ value }) => value)
}
const kept = (hash: Reply[number] | undefined, above = 0): Kept[] =>
  bySerial(hash, (serial, value): Kept => [serial, unpack(value)]).filter(([serial]) => serial > above)

const SPACE = 0x20
const AGAIN = 0x31
function waiting(serial: number, value: Buffer): { serial: number; holder: string | null; again: boolean } {
  const space = value.indexOf(SPACE)
  return { serial, holder: space ? value.toString('utf8', 0, space) : null, again: value[space + 1] === AGAIN }
}
const withMessage = (serial: number, value: Buffer): Claimed['pending'][number] => ({
  ...waiting(serial, value),
  message: unpack(value.subarray(value.indexOf(SPACE) + 2)),
})

/** `settled`: of the claim. The history comes second in every reply. */
export function readClaim(reply: Reply, settled: number): Claimed | Gone | Refused {
  const state = text(reply[0])
  if (state === 'gone') {
    const above = Math.max(settled, number(reply[3]))
    return { state, handled: number(reply[2]), results: kept(reply[4], above) }
  }
  if (state !== 'claimed') return { state: state as Refused['state'] }
  const [, , holder, former, version, createdAt, received, handled, settledNow, inboxes, pending, results] = reply
  return {
    state,
    holder: text(holder),
    former: text(former),
    version: number(version),
    createdAt: number(createdAt),
    received: number(received),
    handled: number(handled),
    settled: number(settledNow),
    inboxes: inboxes === null ? null : text(inboxes).slice(1),
    pending: bySerial(pending, withMessage),
    results: kept(results),
  }
}

export function readWritten([state, , holder]: Reply): Written {
  const said = text(state) as Written['state']
  return said === 'fenced' ? { state: said, holder: text(holder) } : { state: said }
}

export function readSeized(reply: Reply): Seized | Written {
  if (text(reply[0]) !== 'seized') return readWritten(reply)
  return { state: 'seized', pending: bySerial(reply[2], waiting), results: kept(reply[3]) }
}

export function readWhereabouts(reply: Reply | null): Whereabouts | null {
  if (!reply) return null
  const [holder, incarnation, farewell] = reply
  return { holder: text(holder), incarnation: number(incarnation), farewell: readFarewell(text(farewell)) }
}
