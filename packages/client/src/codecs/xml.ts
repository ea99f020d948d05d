/** XML as a payload codec, by the platform's parser and serializer. Entities: see `xml()`. */
import type { PayloadCodec } from '../codec.ts'

/** Options of `xml()`: where the platform has no XML (Node, workers), the classes of a library. */
export interface XmlOptions {
  /** Makes documents of text. @default the global one, looked up when it is needed */
  DOMParser?: typeof DOMParser
  /** Makes text of documents. @default the global one, looked up when it is needed */
  XMLSerializer?: typeof XMLSerializer
}

const DOCUMENT_NODE = 9
const TYPE = 'application/xml'
const ERROR = 'parsererror'

/** Parsers do not throw: they put an element into the document, in a namespace of their own, which this asks for. */
const errorNamespace = (parser: DOMParser): string | null =>
  parser.parseFromString('<', TYPE).getElementsByTagName(ERROR)[0]?.namespaceURI ?? null

/**
 * `Document`s in and out. Bytes that come are read as UTF-8, whatever their XML declaration says. Browsers never fetch external entities or DTDs, and stop
 * at entities that expand without end; what a class of your own does is for it to say.
 */
export function xml(options: XmlOptions = {}): PayloadCodec {
  let namespace: string | null | undefined
  return {
    name: 'xml',
    type: TYPE,
    encode(message) {
      if ((message as Node | null | undefined)?.nodeType !== DOCUMENT_NODE)
        throw new TypeError(`xml() carries Documents, not ${typeof message}: parse it, or use text.`)
      return new (options.XMLSerializer ?? XMLSerializer)().serializeToString(message as Document)
    },
    decode(packet) {
      const parser = new (options.DOMParser ?? DOMParser)()
      const source = typeof packet === 'string' ? packet : new TextDecoder('utf-8', { fatal: true }).decode(packet)
      const parsed = parser.parseFromString(source, TYPE)
      namespace ??= errorNamespace(parser)
      const [error] = parsed.getElementsByTagNameNS(namespace, ERROR)
      if (error) throw new SyntaxError('This is no XML: ' + error.textContent.slice(0, 200))
      return parsed
    },
  }
}
