/** TCP connections that say exactly what they are told to say. */
import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'

/** Connects to where a URL leads, and says this. */
export function dial(url: string, said: string | Buffer): Socket {
  const { hostname, port } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port) })
  socket.on('error', () => {})
  socket.write(said)
  return socket
}

/** An upgrade request, with more lines if need be. */
export const upgradeTo = (protocols: readonly string[], lines: readonly string[] = [], path = '/realtime'): string =>
  [
    `GET ${path} HTTP/1.1`,
    'Host: x',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    ...(protocols.length ? ['Sec-WebSocket-Protocol: ' + protocols.join(', ')] : []),
    ...lines,
    '\r\n',
  ].join('\r\n')

/** Everything that comes until the other side ends it. */
export async function answerOf(socket: Socket): Promise<Buffer> {
  const parts: Buffer[] = []
  socket.on('data', (part) => parts.push(part))
  await new Promise((resolve) => socket.once('close', resolve))
  return Buffer.concat(parts)
}

/** Status of an answer; 0 where there was none. */
export const statusOf = (answer: Buffer): number =>
  Number(/^HTTP\/1\.1 (\d+)/.exec(answer.toString('latin1'))?.[1] ?? 0)

interface FrameOptions {
  /** Bits before the opcode: FIN and the reserved ones. @default 8, FIN alone */
  bits?: number
  /** @default true, as a client must */
  masked?: boolean
  /** What the frame says its length is. @default the length */
  claims?: bigint
}

/** A WebSocket frame (RFC 6455 §5.2), wrong where it is told to be. */
export function frame(opcode: number, payload: Buffer | string = '', options: FrameOptions = {}): Buffer {
  const data = Buffer.from(payload)
  const { bits = 8, masked = true, claims = BigInt(data.length) } = options
  const length =
    claims < 126n ? [Number(claims)] : claims < 65_536n ? [126, Number(claims >> 8n), Number(claims & 255n)] : [127]
  const head = Buffer.from([(bits << 4) | opcode, (masked ? 128 : 0) | length[0]!, ...length.slice(1)])
  const long = Buffer.alloc(length[0] === 127 ? 8 : 0)
  if (long.length) long.writeBigUInt64BE(claims)
  const mask = masked ? randomBytes(4) : Buffer.alloc(0)
  if (masked) for (let n = 0; n < data.length; n++) data[n]! ^= mask[n % 4]!
  return Buffer.concat([head, long, mask, data])
}

/** The code of the close frame at the end of what came; null where there is none. */
export function closeCodeIn(came: Buffer): number | null {
  for (let at = came.indexOf('\r\n\r\n') + 4; at + 2 <= came.length;) {
    const short = came[at + 1]! & 127
    const head = short < 126 ? 2 : short === 126 ? 4 : 10
    const length =
      short < 126 ? short : short === 126 ? came.readUInt16BE(at + 2) : Number(came.readBigUInt64BE(at + 2))
    if ((came[at]! & 15) === 8) return length >= 2 ? came.readUInt16BE(at + head) : 1005
    at += head + length
  }
  return null
}
