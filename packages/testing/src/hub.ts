// All links of a proxy, and the rules that act on them.
import type { Socket } from 'node:net'
import { describe, type TestingError } from './errors.ts'
import type { Classify } from './exchange.ts'
import { createLink, type Link, type Shared } from './link.ts'
import { createListener } from './listener.ts'
import { createReplays } from './replays.ts'
import { createRulebook, matchesExchange, type Standing } from './rulebook.ts'
import type { Aim, Ending, Kind, Rule } from './rules.ts'
import { runUpstream } from './upstream.ts'

/** Which connections end, and how. */
export interface CutOptions extends Pick<Aim, 'kind' | 'path' | 'connection' | 'when'> {
  /** @default 'end' */
  how?: Ending
  /**
   * Whose connection ends. The side that is spared learns nothing and hears nothing any more: cut the client's side and the
   * server goes on believing in the link. @default 'both'
   */
  side?: 'client' | 'target' | 'both'
}

/** A client connection as it is now. */
export interface ConnectionInfo {
  readonly id: number
  /** Of its exchange, or of the last one while it is idle; undefined before the first. */
  readonly kind: Kind | undefined
  readonly path: string | undefined
}

export interface HubOptions extends Omit<Shared, 'rules' | 'replays'> {
  classify: Classify
  host: string
  port: number
}

export interface Hub {
  listen(): Promise<{ host: string; port: number }>
  /** Listens, unless it does or a rule wants the port closed. */
  reopen(): Promise<void>
  rule(rule: Rule): () => void
  cut(options?: CutOptions): number
  calm(): void
  rules(): readonly Rule[]
  connections(): readonly ConnectionInfo[]
  close(): void
}

export function createHub({ classify, host, port, ...common }: HubOptions): Hub {
  const { events } = common
  const links = new Map<number, Link>()
  const rules = createRulebook({ changed: onRule, failed: (error) => note(error) })
  const listener = createListener(host, port, accept)
  const shared: Shared = { ...common, rules, replays: createReplays() }
  let lastConnection = 0
  let lastExchange = 0

  function onRule({ id, rule: { fault } }: Standing, action: 'made' | 'undone'): void {
    events.add({ type: 'rule', action, fault, rule: id })
    if (rules.portClosed()) listener.shut()
    else if (fault === 'refuse') listener.open().catch(noteUnlessClosed)
    if (action === 'undone') shared.replays.forget(id)
    for (const link of links.values()) {
      if (fault === 'black-hole' && action === 'undone' && link.lossy()) link.cut('reset')
      link.wake()
    }
  }

  function note(error: unknown): void {
    events.add({ type: 'error', message: describe(error) })
  }

  // Undoing a rule of a closed proxy is harmless; a lost port is worth knowing.
  function noteUnlessClosed(error: TestingError): void {
    if (error.code !== 'closed') note(error)
  }

  function accept(socket: Socket): void {
    const id = ++lastConnection
    events.add({ type: 'connection', connection: id })
    const link = createLink(id, socket, shared, () => links.delete(id))
    links.set(id, link)
    const refuse = rules.take('refuse', { connection: id }, ({ how }) => how !== 'closed')
    if (refuse === null)
      return void runUpstream(link, { classify, nextExchange: () => ++lastExchange }).catch(link.fail)
    events.add({ type: 'fault', fault: 'refuse', rule: refuse.id, connection: id })
    link.cut(refuse.rule.how === 'end' ? 'end' : 'reset')
  }

  function cut({ how = 'end', side = 'both', connection, ...aim }: CutOptions = {}): number {
    const struck = [...links.values()].filter(
      (link) => (connection ?? link.id) === link.id && matchesExchange(aim, link.exchange ?? undefined),
    )
    for (const link of struck) {
      const place = link.exchange && { exchange: link.exchange.id, kind: link.exchange.kind }
      events.add({ type: 'fault', fault: 'cut', connection: link.id, ...place, detail: `${how}, ${side}` })
      link.cut(how, side)
    }
    return struck.length
  }

  return {
    listen: listener.open,
    async reopen() {
      if (!rules.portClosed()) await listener.open()
    },
    rule: (rule) => rules.add(rule, lastConnection).undo,
    cut,
    calm: rules.clear,
    rules: rules.list,
    connections: () =>
      [...links.values()].map(({ id, exchange }) => ({ id, kind: exchange?.kind, path: exchange?.path })),
    close() {
      listener.close()
      for (const link of links.values()) link.destroy()
    },
  }
}
