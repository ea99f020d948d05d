// Who may import whom, and what pure files may not touch. The map is in CONTRIBUTING; this is its enforcement.
import { posix } from 'node:path'
import ts from 'typescript'

export interface Source {
  /** From the root of the repository, with forward slashes. */
  path: string
  text: string
}

interface Import {
  /** A path from the root without its ending, or the name of a package. */
  to: string
  typeOnly: boolean
}

const client = 'packages/client/src'

/** Pure: take `now` and values, return values. Names are below `packages/client/src`; all of the protocol is pure, too. */
const pureClientFiles =
  /^(connection|attempts|state|policy|topics|backoff|dialect|errors|transport|types|codec)(\.ts$|\/)|^(dialects|codecs)\//

/** What reaches outside by itself. A pure file gets such things as arguments; anybody may shadow the names with its own. */
const impureGlobals = new Set(
  (
    'Date setTimeout setInterval setImmediate clearTimeout queueMicrotask performance window document navigator location ' +
    'globalThis self fetch WebSocket EventSource XMLHttpRequest localStorage sessionStorage crypto process'
  ).split(' '),
)

/** Timers, of which the client has one call site: its clock. */
const timers = new Set(['setTimeout', 'setInterval'])

function isPure(path: string): boolean {
  if (path.startsWith('packages/protocol/src/')) return true
  return path.startsWith(`${client}/`) && pureClientFiles.test(path.slice(client.length + 1))
}

function isTypeOnly(node: ts.ImportDeclaration | ts.ExportDeclaration): boolean {
  const [whole, names] = ts.isExportDeclaration(node)
    ? [node.isTypeOnly, node.exportClause]
    : [node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword, node.importClause?.namedBindings]
  if (whole || !names || (ts.isImportDeclaration(node) && node.importClause?.name)) return whole
  return (ts.isNamedImports(names) || ts.isNamedExports(names)) && names.elements.every((element) => element.isTypeOnly)
}

function importsOf(file: ts.SourceFile): Import[] {
  const found: Import[] = []
  const add = (specifier: string, typeOnly: boolean): void => {
    const to = specifier.startsWith('.') ? posix.join(posix.dirname(file.fileName), specifier) : specifier
    found.push({ to: specifier.startsWith('.') ? to.replace(/\.[jt]s$/, '') : to, typeOnly })
  }
  const visit = (node: ts.Node): void => {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier) {
      add((node.moduleSpecifier as ts.StringLiteral).text, isTypeOnly(node))
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node.arguments[0]?.getText(file).slice(1, -1) ?? '', false)
    } else if (ts.isImportTypeNode(node)) {
      add(node.argument.getText(file).slice(1, -1), true)
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}

/** Whether an identifier stands for itself, rather than naming a member of something else. */
function isFreeName(node: ts.Identifier): boolean {
  const { parent } = node
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node
  if (ts.isPropertyAssignment(parent)) return parent.initializer === node
  return !ts.isBindingElement(parent) || parent.propertyName !== node
}

/** Uses of globals, types left out: `Math.random` and `setTimeout` as written, `globalThis.fetch` as `fetch`. */
function globalsOf(file: ts.SourceFile): string[] {
  const own = new Set<string>()
  const used: string[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isTypeNode(node) || ts.isTypeElement(node) || ts.isInterfaceDeclaration(node)) return
    const name = (node as Partial<ts.NamedDeclaration>).name
    const declares =
      ts.isVariableDeclaration(node) ||
      ts.isParameter(node) ||
      ts.isBindingElement(node) ||
      ts.isFunctionDeclaration(node)
    if (declares && name && ts.isIdentifier(name)) own.add(name.text)
    if (ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression)) {
      const { text } = node.expression
      if (text === 'Math' && node.name.text === 'random') used.push('Math.random')
      if (['globalThis', 'window', 'self'].includes(text)) used.push(node.name.text)
    }
    if (ts.isIdentifier(node) && isFreeName(node)) used.push(node.text)
    ts.forEachChild(node, visit)
  }
  visit(file)
  return used.filter((name) => !own.has(name))
}

const below = (path: string, folder: string): boolean => path.startsWith(`${folder}/`)

/** Why a file of the client may not have this import, if so. */
function clientFault(from: string, { to, typeOnly }: Import): string | undefined {
  const name = from.slice(client.length + 1)
  if (!below(to, client)) return undefined
  const target = `${to.slice(client.length + 1)}.ts`
  if (below(from, `${client}/transports`)) {
    if (below(to, `${client}/transports`) || target === 'errors.ts' || typeOnly) return undefined
    return 'a transport imports the types of the contract and its own helpers'
  }
  if (isPure(from))
    return typeOnly || isPure(`${to}.ts`) ? undefined : 'a pure file imports pure files and the protocol'
  if (typeOnly || name === 'auto.ts') return undefined
  if (target === 'auto.ts' || target === 'plain.ts') return 'the presets are imported by nobody'
  if (/^(index|registry|plain|drop-in)\.ts$|^drop-in\//.test(name)) return undefined
  if (below(to, `${client}/drop-in`) || target === 'drop-in.ts')
    return 'the drop-in stands on the client, and nothing on it'
  if (/^(index|registry|shared)\.ts$|^transports\//.test(target))
    return 'only the entries import transports, the registry and the index'
  return undefined
}

/** What each package may import from outside itself. The protocol is inlined by those that name it. */
const outside: Record<string, RegExp> = {
  protocol: /^@msgpack\/msgpack$/,
  client: /^(mitt|@holdfast\/protocol(\/message-pack)?|@bufbuild\/protobuf)$/,
  server: /^(ws|@holdfast\/protocol(\/message-pack)?|node:.*)$/,
  redis: /^(ioredis|@holdfast\/(protocol|server)|node:.*)$/,
  testing: /^(@holdfast\/(protocol|client|server)|node:.*)$/,
  react: /^(react|@holdfast\/client)$/,
  vue: /^(vue|@holdfast\/client)$/,
}

function importFault(from: string, edge: Import): string | undefined {
  const [, home = ''] = from.split('/')
  if (below(edge.to, 'packages')) {
    if (!below(edge.to, `packages/${home}`)) return 'packages reach each other by name'
  } else if (!outside[home]?.test(edge.to)) {
    return `@holdfast/${home} may not import it`
  }
  // Its users may have neither, or one of them.
  if (home === 'testing' && /client|server/.test(edge.to) && !edge.typeOnly && !below(edge.to, 'packages'))
    return 'what is for tests knows the client and the server by their types only'
  return below(from, client) ? clientFault(from, edge) : undefined
}

/** Everything that is wrong with the imports and the globals of these files, one line each. */
export function faultsOf(sources: readonly Source[]): string[] {
  const faults: string[] = []
  const emitters: string[] = []
  for (const { path, text } of sources) {
    const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
    for (const edge of importsOf(file)) {
      const fault = importFault(path, edge)
      if (fault) faults.push(`${path} imports ${edge.to}: ${fault}`)
      if (edge.to === 'mitt') emitters.push(path)
    }
    const globals = globalsOf(file)
    const banned = isPure(path) ? globals.filter((name) => name === 'Math.random' || impureGlobals.has(name)) : []
    for (const name of new Set(banned)) faults.push(`${path} uses ${name}: a pure file gets it as an argument`)
    const armed = below(path, client) && !isPure(path) ? globals.filter((name) => timers.has(name)) : []
    if (armed.length > (path === `${client}/clock.ts` ? 1 : 0)) {
      faults.push(`${path} uses ${armed.join(', ')}: the client has one timer call site, in clock.ts`)
    }
  }
  if (new Set(emitters).size > 1) faults.push(`mitt is imported by ${emitters.join(', ')}: it is wrapped once`)
  return faults
}
