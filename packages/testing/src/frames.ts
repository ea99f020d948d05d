// WebSocket frame boundaries (RFC 6455 section 5.2) in a stream of bytes. Pure; payloads stream by in pieces and are never kept.

export interface FrameHead {
  /** 0 continuation, 1 text, 2 binary, 8 close, 9 ping, 10 pong. */
  opcode: number
  fin: boolean
  /** Payload length in bytes, as announced. */
  length: number
}

/** A run of bytes of one frame. The first piece of a frame contains its whole head. */
export interface FramePiece {
  frame: FrameHead
  bytes: Buffer
  first: boolean
  last: boolean
}

export interface FrameSplitter {
  feed(bytes: Buffer): FramePiece[]
}

type Within = { frame: FrameHead; left: number }

export function createFrameSplitter(): FrameSplitter {
  let partialHead = Buffer.alloc(0)
  let within: Within | null = null
  return {
    feed(chunk) {
      const pieces: FramePiece[] = []
      let bytes: Buffer = chunk
      if (within === null && partialHead.length > 0) bytes = Buffer.concat([partialHead, chunk])
      partialHead = Buffer.alloc(0)
      let at = 0
      while (at < bytes.length) {
        const head: number = within === null ? headLength(bytes, at) : 0
        if (within === null && head > bytes.length - at) {
          partialHead = Buffer.from(bytes.subarray(at))
          break
        }
        const first = within === null
        const open: Within = within ?? openFrame(bytes, at, head)
        const end: number = Math.min(bytes.length, at + head + open.left)
        const left = open.left - (end - at - head)
        pieces.push({ frame: open.frame, bytes: bytes.subarray(at, end), first, last: left === 0 })
        within = left === 0 ? null : { frame: open.frame, left }
        at = end
      }
      return pieces
    },
  }
}

/** Bytes of the head that starts at `at`: 2 to 14, as far as they can be told from what is there. */
function headLength(bytes: Buffer, at: number): number {
  const second = bytes[at + 1]
  if (second === undefined) return 2
  const short = second & 0x7f
  return 2 + (short === 126 ? 2 : short === 127 ? 8 : 0) + (second & 0x80 ? 4 : 0)
}

function openFrame(bytes: Buffer, at: number, head: number): Within {
  const first = bytes[at] ?? 0
  const short = (bytes[at + 1] ?? 0) & 0x7f
  const masked = ((bytes[at + 1] ?? 0) & 0x80) !== 0
  const extended = head - 2 - (masked ? 4 : 0)
  const length =
    extended === 0 ? short : extended === 2 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2))
  return { frame: { opcode: first & 0x0f, fin: (first & 0x80) !== 0, length }, left: length }
}
