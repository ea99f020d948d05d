/**
 * The event stream format (WHATWG HTML, "Parsing an event stream") as a push parser: text in, events out, no I/O and no clock. It wants
 * text whose UTF-8 and byte order mark a streaming `TextDecoder` has dealt with; the pieces may be divided anywhere.
 */

export interface StreamEvent {
  /** The `event` field; empty where there was none, which stands for `message`. */
  type: string
  /** The `data` lines, joined by LF. */
  data: string
  /** The last `id` of the stream so far. */
  id: string
}

/** Largest event taken in, in UTF-16 units: twice what a Holdfast server sends at most (PROTOCOL.md §10). */
const MAX_EVENT = 2_097_152

/**
 * Returns the function to push text into. It calls `emit` for every event completed, `retry` with the milliseconds of every valid `retry`
 * field, `moved` with the last id where an event without data ends, and returns false once an event is larger than `MAX_EVENT`: the stream is then of no more use. Each character is looked at a
 * bounded number of times, however small the pieces.
 */
export function createStreamParser(
  emit: (event: StreamEvent) => void,
  retry?: (delay: number) => void,
  moved?: (id: string) => void,
): (text: string) => boolean {
  let type = ''
  let data = ''
  let id = ''
  /** The line that has not ended yet. */
  let rest = ''
  let last = ''

  function take(line: string): void {
    if (!line) {
      const event = { type, data, id }
      type = data = ''
      // An event without a data line is none, but its id counts.
      if (event.data) emit({ ...event, data: event.data.slice(0, -1) })
      else if (id) moved?.(id)
      return
    }
    const colon = line.indexOf(':')
    const name = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + (line[colon + 1] === ' ' ? 2 : 1))
    if (name === 'data') data += value + '\n'
    else if (name === 'event') type = value
    else if (name === 'id' && !value.includes('\0')) id = value
    else if (name === 'retry' && /^\d+$/.test(value)) retry?.(+value)
  }

  return (text) => {
    // Searching the new piece only, and joining once per line, keeps a line in a million pieces from costing its square.
    const lines = text.split(text.includes('\r') ? /\r\n?|\n/ : '\n')
    // The LF of a CRLF that was divided ends no second line.
    if (last === '\r' && text[0] === '\n') lines.shift()
    last = text.slice(-1) || last
    const end = lines.pop() ?? ''
    for (const line of lines) {
      if (data.length + rest.length + line.length > MAX_EVENT) return false
      take(rest + line)
      rest = ''
    }
    rest += end
    return data.length + rest.length <= MAX_EVENT
  }
}
